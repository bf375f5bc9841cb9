"""A secret that two seats agreed on is not fetched any more once they agreed on another.

Otherwise the seat that proposed it could, alone and for an hour, put a secret in place of a key
that two seats have set meanwhile.
"""

from alembic import op

from app.adapters.amendments import amend, restore

revision = "2026_11_23_25"
down_revision = "2026_11_23_24"
branch_labels = None
depends_on = None

TAKEN = "        ELSIF v_act = 'client.secret' THEN\n"
# The client is held, so a later approval has been committed or comes afterwards. What was decided
# after a secret's approval was proposed at most a proposal's life before: there the index ends.
SUPERSEDED = """            IF EXISTS (
                SELECT FROM act a JOIN act later ON later.agency_id = a.agency_id
                    AND later.target = a.target AND later.decided_at > a.decided_at
                WHERE a.id = (p ->> 'act_id')::uuid AND a.agency_id = c.agency_id
                    AND later.proposed_at > v_at - interval '8 days' AND later.state = 'approved'
                    AND later.kind IN ('client.set_key', 'client.new_secret')) THEN
                RETURN 'superseded';
            END IF;
"""
CHANGES = {"administer_client(jsonb)": ((TAKEN, TAKEN + SUPERSEDED),)}


def upgrade() -> None:
    """Change the function."""
    amend(op.get_bind(), CHANGES)


def downgrade() -> None:
    """Put it back."""
    restore(op.get_bind(), CHANGES)
