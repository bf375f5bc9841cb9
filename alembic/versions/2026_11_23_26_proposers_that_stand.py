"""An act is held together with how the seat that proposed it stands now.

What a seat proposed before it was switched off as lost, or before it was given another role, would
otherwise still take effect when somebody approves it.
"""

from alembic import op

from app.adapters.amendments import amend, restore

revision = "2026_11_23_26"
down_revision = "2026_11_23_25"
branch_labels = None
depends_on = None

HELD = "to_jsonb(v_act) END"
WITH_PROPOSER = """to_jsonb(v_act) || jsonb_build_object('proposer', (
        SELECT jsonb_build_object('role', s.role, 'disabled', s.disabled_at IS NOT NULL)
        FROM seat s WHERE s.id = v_act.proposed_by AND s.agency_id = v_act.agency_id)) END"""
CHANGES = {"hold_act(text, uuid)": ((HELD, WITH_PROPOSER),)}


def upgrade() -> None:
    """Change the function."""
    amend(op.get_bind(), CHANGES)


def downgrade() -> None:
    """Put it back."""
    restore(op.get_bind(), CHANGES)
