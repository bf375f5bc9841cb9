"""Opening a message looks for its inbox item by its id, not through the whole inbox.

As a set that is joined, the ids made a plan that read every item of the agency at each reading.
"""

from alembic import op

from app.adapters.amendments import amend, restore

revision = "2026_11_23_23"
down_revision = "2026_11_23_22"
branch_labels = None
depends_on = None

DISCLOSE = "disclose(jsonb)"
JOINED = """i.message_id IN (
            SELECT m::uuid FROM jsonb_array_elements_text(p -> 'message_ids') AS m)"""
UPDATED = JOINED.replace("            SELECT", "                    SELECT")
BY_ID = "i.message_id = ANY (v_ids)"
DECLARED = "    v_opened bigint;\n"
IDS = """    v_ids constant uuid[] := ARRAY(
        SELECT m::uuid FROM jsonb_array_elements_text(p -> 'message_ids') AS m);
"""
CHANGES = {DISCLOSE: ((DECLARED, DECLARED + IDS), (JOINED, BY_ID), (UPDATED, f"({BY_ID})"))}


def upgrade() -> None:
    """Change the function."""
    amend(op.get_bind(), CHANGES)


def downgrade() -> None:
    """Put it back."""
    restore(op.get_bind(), CHANGES)
