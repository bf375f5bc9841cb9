"""What an evidence bundle needs: the referrals of a case, and proof of messages that were shared.

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

INVOKER = "SECURITY INVOKER SET search_path = pg_catalog, public, pg_temp"

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
FUNCTION = "case_referrals(text, uuid)"


def upgrade() -> None:
    """Make the function, and let `load_case` tell digests."""
    op.execute(REFERRALS)
    op.execute(f"REVOKE ALL ON FUNCTION {FUNCTION} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {FUNCTION} TO tsunagu_api")
    _change(LOAD_CASE, WITHOUT_DIGEST, WITH_DIGEST)


def downgrade() -> None:
    """Take them back."""
    _change(LOAD_CASE, WITH_DIGEST, WITHOUT_DIGEST)
    op.execute(f"DROP FUNCTION {FUNCTION}")


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
