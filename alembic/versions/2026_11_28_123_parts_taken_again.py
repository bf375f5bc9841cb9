"""Facts that an agency was shown as present when it took its part again.

Of a part that was handed over and came back, the view kept the facts of before. They are removed:
what holds now is under the seal of other views, and is stated anew by the next message.
"""

from alembic import op

revision = "2026_11_28_123"
down_revision = "2026_11_28_119"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TEMPORARY TABLE known_before ON COMMIT DROP AS
        SELECT q.agency_id, q.referral_id, array_agg(f.key) AS facts
        FROM party q CROSS JOIN jsonb_object_keys(q.view -> 'facts') AS f (key)
        WHERE q.until IS NULL AND (SELECT max(m.accepted_at) FROM copy c
            JOIN message m ON m.id = c.message_id
            WHERE c.agency_id = q.agency_id AND c.referral_id = q.referral_id
                AND f.key = ANY (m.facts)) < date_trunc('milliseconds', q.since)
        GROUP BY q.agency_id, q.referral_id;
        DELETE FROM deadline d USING known_before o WHERE d.agency_id = o.agency_id
            AND d.referral_id = o.referral_id AND d.kind = ANY (o.facts);
        UPDATE party q SET view = jsonb_set(q.view, '{facts}', (q.view -> 'facts') - o.facts)
        FROM known_before o WHERE q.agency_id = o.agency_id AND q.referral_id = o.referral_id;
    """)


def downgrade() -> None:
    """What was out of date does not come back."""
