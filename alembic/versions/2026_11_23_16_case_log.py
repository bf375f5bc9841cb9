"""What the log says of one case to one agency: for its evidence bundle.

Entries are found by their case. The newest of them tells whether the sealer has come that far,
since it seals in the order of writing.
"""

from alembic import op

revision = "2026_11_23_16"
down_revision = "2026_11_23_15"
branch_labels = None
depends_on = None

INVOKER = "SECURITY INVOKER SET search_path = pg_catalog, public, pg_temp"

INDEX = "CREATE INDEX ix_log_entry_case ON log_entry (case_id, at) WHERE case_id IS NOT NULL"

# Each place in the tree is looked up for itself: joined as a set, a plan made while the log was
# small reads all of it for ever.
ENTRIES = f"""
CREATE FUNCTION case_entries(p_agency text, p_case uuid, p_most integer)
RETURNS TABLE (index bigint, entry text)
LANGUAGE plpgsql {INVOKER} SET timezone = 'UTC' AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN QUERY SELECT
        (SELECT r.index FROM log_reader r WHERE r.entry_id = e.id AND r.agency_id = p_agency),
        leaf_form(e)::text
    FROM log_entry e WHERE e.case_id = p_case LIMIT p_most;
END $$;
CREATE FUNCTION case_is_sealed(p_agency text, p_case uuid) RETURNS boolean
LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT EXISTS (SELECT FROM log_reader r
            WHERE r.entry_id = e.id AND r.agency_id = p_agency)
        FROM log_entry e WHERE e.case_id = p_case ORDER BY e.at DESC, e.id DESC LIMIT 1);
END $$;
"""
FUNCTIONS = ["case_entries(text, uuid, integer)", "case_is_sealed(text, uuid)"]


def upgrade() -> None:
    """Make the index and the functions."""
    op.execute(INDEX)
    op.execute(ENTRIES)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO tsunagu_api")


def downgrade() -> None:
    """Take them away."""
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP INDEX ix_log_entry_case")
