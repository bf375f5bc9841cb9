"""Probation offices whose part ended while their referral went on without relief.

They alone confirm and vouch there: each is a party again, also in the views that have its end.
"""

from alembic import op

revision = "2026_11_28_115"
down_revision = "2026_11_28_113"
branch_labels = None
depends_on = None

ENDED = """
    SELECT p.referral_id, p.agency_id FROM party p JOIN referral r ON r.id = p.referral_id
    WHERE r.erased_at IS NULL AND p.flow = 'suspect_support' AND p.name = 'probation_office'
        AND p.until IS NOT NULL AND NOT EXISTS (SELECT FROM party q
            WHERE q.referral_id = p.referral_id AND q.name = p.name AND q.until IS NULL)
"""
SHOW = f"""
    UPDATE party SET view = jsonb_set(party.view, '{{parties}}', (
        SELECT jsonb_agg(CASE WHEN e ->> 'agency_id' = o.agency_id
            THEN jsonb_set(e, '{{until}}', 'null') ELSE e END ORDER BY n)
        FROM jsonb_array_elements(party.view -> 'parties') WITH ORDINALITY AS x (e, n)))
    FROM ({ENDED}) AS o WHERE o.referral_id = party.referral_id
"""
REJOIN = f"""
    UPDATE party SET until = NULL FROM ({ENDED}) AS o
    WHERE o.referral_id = party.referral_id AND o.agency_id = party.agency_id
"""


def upgrade() -> None:
    op.execute(SHOW)
    op.execute(REJOIN)


def downgrade() -> None:
    """They stay parties: older versions take that, too."""
