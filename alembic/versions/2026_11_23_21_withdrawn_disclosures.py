"""A copy that went back with its consent unopened is in the record of disclosures, too."""

from alembic import op

from app.adapters.amendments import amend, restore

revision = "2026_11_23_21"
down_revision = "2026_11_23_20"
branch_labels = None
depends_on = None

RECALLED = (
    "    SELECT * INTO x FROM recall WHERE message_id = m.id AND recipient_agency = p_agency;\n"
)
WITHDRAWN = """    IF i.withdrawn THEN
        RETURN NEXT ROW(p_agency, i.recalled_at, 4, m.id, 'withdrawn', p_party, NULL, v_classes,
            m.id, m.id)::disclosure;
    END IF;
"""
CHANGES = {
    "receipts_of(text, text, message, boolean)": ((RECALLED, WITHDRAWN + RECALLED),),
}


def upgrade() -> None:
    """Let the function tell of it."""
    amend(op.get_bind(), CHANGES)


def downgrade() -> None:
    """Put the function back."""
    restore(op.get_bind(), CHANGES)
