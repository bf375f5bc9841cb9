"""A party that has ended goes on seeing of a consent what it could see then; auditors' seats.

A consent kept only its last withdrawal. When a part had been taken back while somebody could see
it, and more of it after that party had ended, the earlier part disappeared from its list: so it
learned of the later withdrawal. Each item now keeps the message that took it back.
"""

from alembic import op

from app.adapters.amendments import amend, restore

revision = "2026_11_23_24"
down_revision = "2026_11_23_23"
branch_labels = None
depends_on = None

COLUMN = """
ALTER TABLE consent ADD COLUMN taken_by uuid[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN consent.taken_by IS
    'For each of withdrawn_items, the message that took it back.';
UPDATE consent SET taken_by = array_fill(withdrawn_by, ARRAY[cardinality(withdrawn_items)])
WHERE withdrawn_by IS NOT NULL AND withdrawn_items <> '{}';
"""
BY = "withdrawn_by = (p #>> '{withdrawn,by}')::uuid"
TAKEN = """taken_by = CASE WHEN p #> '{withdrawn,part}' ? id::text THEN taken_by || array_fill(
                (p #>> '{withdrawn,by}')::uuid,
                ARRAY[jsonb_array_length(p #> '{withdrawn,items}')]) ELSE taken_by END,
            """

LAST_ITEMS = """CASE WHEN w.accepted_at <= k.until THEN c.withdrawn_items
                ELSE '{}' END,"""
ITEMS_THEN = """ARRAY(
                SELECT t.item FROM unnest(c.withdrawn_items, c.taken_by)
                    WITH ORDINALITY AS t (item, taken_by, place)
                JOIN message b ON b.id = t.taken_by
                WHERE b.accepted_at <= k.until ORDER BY t.place),"""
LAST = "AND y.message_id = c.withdrawn_by),"
LAST_THEN = """AND y.message_id = (
                    SELECT b.id FROM message b
                    WHERE b.id = ANY (c.taken_by || c.withdrawn_by) AND b.accepted_at <= k.until
                    ORDER BY b.accepted_at DESC, b.id = c.withdrawn_by DESC LIMIT 1)),"""
ABOVE = "IN ('operator', 'auditor')"

CHANGES = {
    "accept_rest(timestamptz, uuid, jsonb)": ((BY, TAKEN + BY),),
    "list_consents(text, uuid, date, uuid, integer)": (
        (LAST_ITEMS, ITEMS_THEN),
        (LAST, LAST_THEN),
    ),
    # Whoever is audited neither makes auditors nor becomes one.
    "administer_seat(jsonb)": (("s.role = 'operator'", f"s.role {ABOVE}"),),
    "administer_client(jsonb)": (("s.role = 'operator'", f"s.role {ABOVE}"),),
    "link_client(text, text, text[])": (
        ("ANY (p_seats) AND role = 'operator'", f"ANY (p_seats) AND role {ABOVE}"),
    ),
}


def upgrade() -> None:
    """Add the column, and let the functions keep and use it."""
    op.execute(COLUMN)
    amend(op.get_bind(), CHANGES)


def downgrade() -> None:
    """Put the functions back, and take the column away."""
    restore(op.get_bind(), CHANGES)
    op.execute("ALTER TABLE consent DROP COLUMN taken_by")
