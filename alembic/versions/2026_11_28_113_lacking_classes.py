"""The classes that a copy would have with consent.

For older copies nobody recorded them. Where one stated a fact in a class that it lacked, its
reader's view may hold an older value of that fact: it is removed, with its deadline.
"""

from alembic import op

revision = "2026_11_28_113"
down_revision = "2026_11_28_99"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE copy ADD COLUMN lacking text[] NOT NULL DEFAULT '{}';
        COMMENT ON COLUMN copy.lacking IS
            'The classes that it would have with consent. A consent that covers'
            ' them moves them to `classes`.';
        CREATE TEMPORARY TABLE outdated ON COMMIT DROP AS
        SELECT q.agency_id, q.referral_id, array_agg(f.key) AS facts
        FROM party q CROSS JOIN jsonb_each(q.view -> 'facts') AS f
        CROSS JOIN LATERAL (SELECT c.classes FROM copy c JOIN message m ON m.id = c.message_id
            WHERE c.agency_id = q.agency_id AND c.referral_id = q.referral_id AND NOT c.sent
                AND c.recalled_at IS NULL AND f.key = ANY (m.facts)
            ORDER BY c.number DESC LIMIT 1) AS newest
        WHERE q.by_consent AND jsonb_typeof(f.value) = 'object'
            AND f.value ->> 'class' <> ALL (newest.classes)
        GROUP BY q.agency_id, q.referral_id;
        DELETE FROM deadline d USING outdated o WHERE d.agency_id = o.agency_id
            AND d.referral_id = o.referral_id AND d.kind = ANY (o.facts);
        UPDATE party q SET view = jsonb_set(q.view, '{facts}', (q.view -> 'facts') - o.facts)
        FROM outdated o WHERE q.agency_id = o.agency_id AND q.referral_id = o.referral_id;
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE copy DROP COLUMN lacking")
