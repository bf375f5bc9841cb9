"""Who guesses at secrets is locked out for a while, and the agency is told of it once.

A lock holds for a client's id as seen from one place, so that a stranger who knows the id locks out
nobody but themselves; and for an id that no client has just as well, so that nobody learns which
there are. Of both nothing is kept but a hash. Only a wrong secret writes.
"""

from alembic import op

revision = "2026_11_23_18"
down_revision = "2026_11_23_17"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"

TABLES = """
CREATE TABLE secret_failure (
    key bytea PRIMARY KEY,
    failures integer NOT NULL,
    since timestamptz NOT NULL,
    locks integer NOT NULL DEFAULT 0,
    locked_until timestamptz,
    forget_at timestamptz NOT NULL
);
COMMENT ON COLUMN secret_failure.key IS 'SHA-256 of a client id and of where the calls came from.';
CREATE INDEX ix_secret_failure_forget ON secret_failure (forget_at);
CREATE TABLE lockout (
    client_id text PRIMARY KEY REFERENCES client,
    untold integer NOT NULL,
    next_at timestamptz,
    told_at timestamptz
);
COMMENT ON COLUMN lockout.untold IS 'How many locks its agency has not been told of.';
CREATE INDEX ix_lockout_next ON lockout (next_at) WHERE next_at IS NOT NULL;
"""
OWN = ("secret_failure", "lockout")

# What is over is swept last, and passes over what others hold: nobody waits for a row while
# holding one. The first lock is short, and each one that follows twice as long as the one before,
# as long as they are remembered.
FUNCTIONS = f"""
CREATE FUNCTION secret_locked_until(p_key bytea, p_at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT locked_until FROM secret_failure WHERE key = p_key AND locked_until > p_at
$$;
CREATE FUNCTION secret_failed(p_key bytea, p_client text, p_at timestamptz, p_window interval,
    p_most integer, p_longest interval) RETURNS boolean LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_row secret_failure; v_locks integer; v_until timestamptz;
BEGIN
    INSERT INTO secret_failure AS f (key, failures, since, forget_at)
    VALUES (p_key, 1, p_at, p_at + p_window)
    ON CONFLICT (key) DO UPDATE SET
        failures = CASE WHEN f.since + p_window <= p_at THEN 1 ELSE f.failures + 1 END,
        since = CASE WHEN f.since + p_window <= p_at THEN p_at ELSE f.since END,
        locks = CASE WHEN f.forget_at <= p_at THEN 0 ELSE f.locks END,
        forget_at = greatest(f.forget_at, p_at + p_window)
    WHERE f.locked_until IS NULL OR f.locked_until <= p_at
    RETURNING * INTO v_row;
    IF v_row.failures >= p_most THEN
        v_locks := least(v_row.locks, 20);
        v_until := p_at + least(interval '1 minute' * 2 ^ v_locks, p_longest);
        UPDATE secret_failure SET failures = 0, since = v_until, locks = v_locks + 1,
            locked_until = v_until, forget_at = v_until + interval '1 day'
        WHERE key = p_key;
        INSERT INTO lockout AS l (client_id, untold, next_at)
        SELECT c.id, 1, p_at FROM client c WHERE c.id = p_client
        ON CONFLICT (client_id) DO UPDATE SET untold = l.untold + 1,
            next_at = coalesce(l.next_at, greatest(p_at, l.told_at + p_window));
    END IF;
    DELETE FROM secret_failure WHERE key IN (
        SELECT key FROM secret_failure WHERE forget_at <= p_at AND key <> p_key
        ORDER BY forget_at LIMIT 100 FOR UPDATE SKIP LOCKED);
    RETURN v_until IS NOT NULL;
END $$;
CREATE FUNCTION tell_lockouts(p_at timestamptz, p_most integer) RETURNS text[]
LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_told jsonb;
BEGIN
    WITH due AS (
        SELECT client_id, untold FROM lockout WHERE next_at <= p_at
        ORDER BY next_at LIMIT p_most FOR UPDATE SKIP LOCKED
    ), told AS (
        UPDATE lockout l SET untold = 0, next_at = NULL, told_at = p_at FROM due
        WHERE l.client_id = due.client_id RETURNING l.client_id
    )
    SELECT jsonb_agg(jsonb_build_object('client_id', c.id, 'agency_id', c.agency_id,
        'lockouts', due.untold)) INTO v_told
    FROM due JOIN told USING (client_id) JOIN client c ON c.id = due.client_id;
    IF v_told IS NULL THEN RETURN '{{}}'; END IF;
    PERFORM write_log(p_at, (SELECT jsonb_agg(jsonb_build_object('id', gen_random_uuid(),
            'kind', 'lockout', 'agency_id', t ->> 'agency_id', 'client_id', t ->> 'client_id',
            'agencies', jsonb_build_array(t ->> 'agency_id'),
            'detail', jsonb_build_object('lockouts', t -> 'lockouts')))
        FROM jsonb_array_elements(v_told) AS t));
    PERFORM deliver(p_at, (SELECT jsonb_agg(jsonb_build_object('agency_id', t ->> 'agency_id',
            'kind', 'security.lockout', 'type', 'security.lockout', 'urgency', 'urgent'))
        FROM jsonb_array_elements(v_told) AS t));
    RETURN (SELECT array_agg(DISTINCT t ->> 'agency_id') FROM jsonb_array_elements(v_told) AS t);
END $$;
"""

API = [
    "secret_locked_until(bytea, timestamptz)",
    "secret_failed(bytea, text, timestamptz, interval, integer, interval)",
]
FOR_WORKER = ["tell_lockouts(timestamptz, integer)"]


def upgrade() -> None:
    """Make the tables, and the functions for those who count, ask and tell."""
    op.execute(TABLES)
    for table in OWN:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own ON {table} FOR SELECT TO tsunagu_api USING (false)")
        op.execute(f"GRANT SELECT ON {table} TO tsunagu_api")
    op.execute(FUNCTIONS)
    for role, functions in (("tsunagu_api", API), ("tsunagu_worker", FOR_WORKER)):
        for function in functions:
            op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
            op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")


def downgrade() -> None:
    """Take them away."""
    for function in [*API, *FOR_WORKER]:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TABLE lockout, secret_failure")
