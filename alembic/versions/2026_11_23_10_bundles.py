"""What an evidence bundle is made of: the referrals of a case, and the log's entries about it.

An older message that is given to a party of another referral gets an entry of the log of its own,
with its digest: the entry of its acceptance does not name that party, and must not. So `load_case`
tells the digests of the messages to which a new one points.
"""

from alembic import op
from sqlalchemy import text

revision = "2026_11_23_10"
down_revision = "2026_11_23_9"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
INVOKER = "SECURITY INVOKER SET search_path = pg_catalog, public, pg_temp"

INDEX = "CREATE INDEX ix_log_entry_case ON log_entry (case_id) WHERE case_id IS NOT NULL"

LOAD_CASE = "load_case(text, uuid, uuid, uuid[], boolean)"
WITHOUT_DIGEST = "'type', m.type, 'from_agency', m.from_agency,"
WITH_DIGEST = "'type', m.type, 'digest', m.digest, 'from_agency', m.from_agency,"

REFERRALS = f"""
CREATE FUNCTION case_referrals(p_agency text, p_case uuid) RETURNS text
LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(o.shown ORDER BY o.since, o.id), '[]')::text FROM (
        SELECT q.since, r.id, jsonb_build_object('id', r.id, 'case_id', r.case_id,
            'reference', r.reference, 'flow', q.flow, 'state', q.state, 'party', q.name,
            'until', q.until, 'lead', q.view -> 'lead', 'version', q.number,
            'updated_at', q.updated_at) AS shown
        FROM referral r JOIN party q ON q.referral_id = r.id AND q.agency_id = p_agency
        WHERE r.case_id = p_case) AS o);
END $$;
"""
# The entries that prove messages come first: they are never left out.
ENTRIES = f"""
CREATE FUNCTION case_entries(p_agency text, p_case uuid, p_most integer)
RETURNS TABLE (entry text, index bigint) LANGUAGE sql STABLE {DEFINER} SET timezone = 'UTC' AS $$
    SELECT row_to_json(e)::text, l.index
    FROM log_entry e LEFT JOIN log_leaf l ON l.entry_id = e.id
    WHERE e.case_id = p_case AND p_agency = ANY (e.agencies)
    ORDER BY e.kind IN ('acceptance', 'sharing') DESC, e.at DESC, e.id DESC LIMIT p_most
$$;
"""
FUNCTIONS = ["case_referrals(text, uuid)", "case_entries(text, uuid, integer)"]


def upgrade() -> None:
    """Make the index and the functions, and let `load_case` tell digests."""
    op.execute(INDEX)
    op.execute(REFERRALS)
    op.execute(ENTRIES)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO tsunagu_api")
    _change(LOAD_CASE, WITHOUT_DIGEST, WITH_DIGEST)


def downgrade() -> None:
    """Take them away."""
    _change(LOAD_CASE, WITH_DIGEST, WITHOUT_DIGEST)
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP INDEX ix_log_entry_case")


def _change(function: str, old: str, new: str) -> None:
    """Put `new` for `old` in a function as it stands now, whoever changed it before.

    Raises:
        ValueError: it is no longer what this migration changes.
    """
    connection = op.get_bind()
    definition = text("SELECT pg_get_functiondef(CAST(:name AS regprocedure))")
    statement: str = connection.execute(definition, {"name": function}).scalar_one()
    if statement.count(old) != 1:
        raise ValueError("the function is no longer what this migration changes")
    connection.exec_driver_sql(statement.replace(old, new))
