"""Consents that a party records for its own access wait until somebody else confirms them.

Inbox items say when and how a message came that was keyed in from paper.

Consents that were recorded before count as they did: who recorded them is taken from their message,
and none of them becomes a claim, so that no support stops in the middle.
"""

from alembic import op

revision = "2026_11_28_2"
down_revision = "2026_11_28_7"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE consent ADD COLUMN recorded_by text,
    ADD COLUMN claimed boolean NOT NULL DEFAULT false,
    ADD COLUMN confirmed_at timestamptz, ADD COLUMN confirmed_by uuid;
COMMENT ON COLUMN consent.recorded_by IS
    'The agency that recorded it, or keyed it in from paper.';
COMMENT ON COLUMN consent.claimed IS
    'Recorded by a party for its own access, and not confirmed: opens nothing.';
COMMENT ON COLUMN consent.confirmed_by IS 'The message that confirmed what had been a claim.';
ALTER TABLE inbox_item ADD COLUMN paper_received_on date, ADD COLUMN paper_medium text;
COMMENT ON COLUMN inbox_item.paper_received_on IS
    'With paper_medium: how it came, if it was keyed in.';
UPDATE inbox_item SET paper_received_on = (m.paper_origin ->> 'received_on')::date,
    paper_medium = m.paper_origin ->> 'medium'
FROM message m WHERE m.id = inbox_item.message_id AND inbox_item.kind = 'message'
    AND m.paper_origin IS NOT NULL;
UPDATE consent SET recorded_by = coalesce(m.caller_agency, m.from_agency)
FROM message m WHERE m.id = consent.message_id;
"""


def upgrade() -> None:
    op.execute(COLUMNS)


def downgrade() -> None:
    """A claim is taken for a withdrawn consent: the older release knows none, and opens nothing."""
    op.execute("""
        UPDATE consent SET withdrawn_on = coalesce(withdrawn_on, current_date) WHERE claimed;
        ALTER TABLE consent DROP COLUMN recorded_by, DROP COLUMN claimed,
            DROP COLUMN confirmed_at, DROP COLUMN confirmed_by;
        ALTER TABLE inbox_item DROP COLUMN paper_received_on, DROP COLUMN paper_medium;
    """)
