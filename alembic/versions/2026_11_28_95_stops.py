"""Who led into a referral's side states, and how often each of these ended again.

Of referrals that are in one, the agency that sent the last decline or report of a death is taken
over. What ended before is counted from here on.
"""

from alembic import op

revision = "2026_11_28_95"
down_revision = "2026_11_28_96"
branch_labels = None
depends_on = None

TAKE_OVER = """
    UPDATE referral SET stops = jsonb_build_object('senders', s.senders)
    FROM (
        SELECT w.id, jsonb_object_agg(w.side,
            jsonb_build_object(w.caller_agency, w.deciding)) AS senders
        FROM (
            SELECT DISTINCT ON (r.id, e.side) r.id, e.side, m.caller_agency,
                CASE r.flow
                    WHEN 'regional_coordination' THEN c.lead = m.caller_agency
                    WHEN 'defence_support' THEN q.name = 'center'
                    ELSE q.name = 'probation_office' END AS deciding
            FROM referral r
            JOIN "case" c ON c.id = r.case_id
            JOIN (VALUES ('decline_pending', 'decline'), ('death_reported', 'die'))
                AS e (side, event) ON e.side = ANY (r.back || r.state)
            JOIN message m ON m.referral_id = r.id AND m.type = r.flow || '.' || e.event
                AND m.corrects IS NULL
            JOIN party q ON q.referral_id = r.id AND q.agency_id = m.caller_agency
            ORDER BY r.id, e.side, m.accepted_at DESC
        ) AS w
        GROUP BY w.id
    ) AS s
    WHERE s.id = referral.id;
"""


def upgrade() -> None:
    op.execute("""
        ALTER TABLE referral ADD COLUMN stops jsonb NOT NULL DEFAULT '{}';
        COMMENT ON COLUMN referral.stops IS
            'Who led into its side states, and how often each of these ended again.';
    """)
    op.execute(TAKE_OVER)


def downgrade() -> None:
    op.execute("ALTER TABLE referral DROP COLUMN stops;")
