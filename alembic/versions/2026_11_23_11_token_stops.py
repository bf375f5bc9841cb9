"""Tokens that end before they expire: revoked one by one, or all of a client, seat or agency.

A token says how often its client, seat and agency had been stopped when they were looked up; it is
dead once one of them has been stopped again. So no clock is asked, a change and a token of the same
second are told apart, and a token that was being made from what was read before the change is dead
as well. The count is of these three alone: what becomes of others' tokens is nobody's to see.

`token_clock` numbers all stops, for processes that ask what is new. A number is taken under a lock
that is held until the commit, so whoever has seen a number has seen all before it.
"""

from collections.abc import Iterable

from alembic import context, op

revision = "2026_11_23_11"
down_revision = "2026_11_23_10"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"

TABLES = """
CREATE TABLE token_clock (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    stops bigint NOT NULL
);
INSERT INTO token_clock (stops) VALUES (0);
CREATE TABLE token_stop (
    kind text NOT NULL,
    id text NOT NULL,
    times integer NOT NULL,
    number bigint NOT NULL UNIQUE,
    PRIMARY KEY (kind, id)
);
COMMENT ON COLUMN token_stop.kind IS 'What was stopped: agency, seat or client.';
CREATE TABLE revoked_token (
    jti uuid PRIMARY KEY,
    client_id text NOT NULL,
    number bigint NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ix_revoked_token_client ON revoked_token (client_id);
CREATE INDEX ix_revoked_token_expires ON revoked_token (expires_at);
ALTER TABLE client ADD COLUMN dpop_required boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN client.dpop_required IS 'Whether it gets only tokens bound to a key (RFC 9449).';
GRANT SELECT (dpop_required) ON client TO tsunagu_api;
"""
OWN = ("token_clock", "token_stop", "revoked_token")

# Deferred: the count's row is locked last, so two administrators never wait for each other in a
# circle, and a link that is taken away and put back in one transaction was never gone.
STOPS = f"""
CREATE FUNCTION stop_tokens(p_kind text, p_id text) RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_number bigint;
BEGIN
    UPDATE token_clock SET stops = stops + 1 RETURNING stops INTO v_number;
    INSERT INTO token_stop AS s (kind, id, times, number) VALUES (p_kind, p_id, 1, v_number)
    ON CONFLICT (kind, id) DO UPDATE SET times = s.times + 1, number = excluded.number;
END $$;
CREATE FUNCTION caller_changed() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
    PERFORM stop_tokens(TG_TABLE_NAME, OLD.id);
    RETURN NULL;
END $$;
CREATE FUNCTION caller_unlinked() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM client_seat
            WHERE client_id = OLD.client_id AND seat_id = OLD.seat_id) THEN
        PERFORM stop_tokens('client', OLD.client_id);
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER stops_tokens AFTER UPDATE ON agency DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL)
    EXECUTE FUNCTION caller_changed();
CREATE CONSTRAINT TRIGGER stops_tokens AFTER UPDATE ON seat DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL
        OR OLD.role <> NEW.role OR OLD.classes <> NEW.classes OR OLD.agency_id <> NEW.agency_id)
    EXECUTE FUNCTION caller_changed();
CREATE CONSTRAINT TRIGGER stops_tokens AFTER UPDATE ON client DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL
        OR OLD.secret_hash IS DISTINCT FROM NEW.secret_hash
        OR OLD.public_jwk IS DISTINCT FROM NEW.public_jwk
        OR NEW.dpop_required AND NOT OLD.dpop_required OR OLD.agency_id <> NEW.agency_id)
    EXECUTE FUNCTION caller_changed();
CREATE CONSTRAINT TRIGGER stops_tokens AFTER DELETE OR UPDATE ON client_seat
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION caller_unlinked();
"""

# Whoever was disabled before the count began stays so: its tokens have no count, which is 0.
BEFORE = """
SELECT stop_tokens('agency', id) FROM agency WHERE disabled_at IS NOT NULL;
SELECT stop_tokens('seat', id) FROM seat WHERE disabled_at IS NOT NULL;
SELECT stop_tokens('client', id) FROM client WHERE disabled_at IS NOT NULL;
"""

# What is revoked is forgotten a minute after it has expired: clocks of two processes may differ by
# half of that. A client that has returned very many has all of its tokens stopped instead, so that
# nobody can fill the memory of every process.
REVOKE = f"""
CREATE FUNCTION revoke_token(p_jti uuid, p_client text, p_expires timestamptz, p_at timestamptz,
    p_most integer, p_log jsonb) RETURNS boolean LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_number bigint; v_count bigint;
BEGIN
    DELETE FROM revoked_token WHERE jti IN (
        SELECT jti FROM revoked_token WHERE expires_at < p_at - interval '1 minute'
        ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED);
    UPDATE token_clock SET stops = stops + 1 RETURNING stops INTO v_number;
    INSERT INTO revoked_token (jti, client_id, number, expires_at)
    VALUES (p_jti, p_client, v_number, p_expires) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN false; END IF;
    SELECT count(*) INTO v_count FROM (
        SELECT FROM revoked_token WHERE client_id = p_client LIMIT p_most + 1) AS r;
    IF v_count > p_most THEN
        PERFORM stop_tokens('client', p_client);
        DELETE FROM revoked_token WHERE client_id = p_client;
    END IF;
    PERFORM write_log(p_at, p_log);
    RETURN true;
END $$;
CREATE FUNCTION token_stops(p_after bigint) RETURNS text LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT jsonb_build_object('number', c.stops,
        'stopped', (SELECT coalesce(jsonb_agg(jsonb_build_array(s.kind, s.id, s.times)), '[]')
            FROM token_stop s WHERE s.number > p_after),
        'revoked', (SELECT coalesce(jsonb_agg(jsonb_build_array(r.jti,
                extract(epoch FROM r.expires_at))), '[]')
            FROM revoked_token r WHERE r.number > p_after))::text
    FROM token_clock c
$$;
"""

CLIENT = f"""
CREATE FUNCTION times_stopped(p_kind text, p_id text) RETURNS integer LANGUAGE sql STABLE {DEFINER}
AS $$
    SELECT coalesce((SELECT times FROM token_stop WHERE kind = p_kind AND id = p_id), 0)
$$;
CREATE FUNCTION client_for_token(p_client text) RETURNS TABLE (client_id text, agency_id text,
    secret_hash text, public_jwk jsonb, disabled boolean, agency_disabled boolean, seats jsonb,
    dpop_required boolean, stops integer)
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT c.id, c.agency_id, c.secret_hash, c.public_jwk, c.disabled_at IS NOT NULL,
        a.disabled_at IS NOT NULL,
        (SELECT jsonb_agg(jsonb_build_object('id', s.id, 'role', s.role, 'classes', s.classes,
                'disabled', s.disabled_at IS NOT NULL, 'stops', times_stopped('seat', s.id))
                ORDER BY l.position)
         FROM client_seat l JOIN seat s ON s.id = l.seat_id WHERE l.client_id = c.id),
        c.dpop_required, times_stopped('client', c.id) + times_stopped('agency', a.id)
    FROM client c JOIN agency a ON a.id = c.agency_id WHERE c.id = p_client
$$;
"""

API = [
    "client_for_token(text)",
    "revoke_token(uuid, text, timestamptz, timestamptz, integer, jsonb)",
    "token_stops(bigint)",
]
INTERNAL = [
    "stop_tokens(text, text)",
    "times_stopped(text, text)",
    "caller_changed()",
    "caller_unlinked()",
]
REPLACED = ["client_for_token(text)", "disabled_callers()"]


def upgrade() -> None:
    """Make the count, what adds to it, and what reads it."""
    op.execute(TABLES)
    for table in OWN:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own ON {table} FOR SELECT TO tsunagu_api USING (false)")
        op.execute(f"GRANT SELECT ON {table} TO tsunagu_api")
    for function in REPLACED:
        op.execute(f"DROP FUNCTION {function}")
    for functions in (STOPS, REVOKE, CLIENT, BEFORE):
        op.execute(functions)
    _allow(API, "tsunagu_api")
    _allow(INTERNAL)


def downgrade() -> None:
    """Take it away: tokens then stop only for what is disabled."""
    for table in ("agency", "seat", "client", "client_seat"):
        op.execute(f"DROP TRIGGER stops_tokens ON {table}")
    for function in [*API, *INTERNAL]:
        op.execute(f"DROP FUNCTION {function}")
    tokens: str = context.script.get_revision("2026_11_23_5").module.TOKENS
    for function in REPLACED:
        start = tokens.index(f"CREATE FUNCTION {function.partition('(')[0]}(")
        end = tokens.find("\nCREATE FUNCTION ", start)
        op.execute(tokens[start : end if end >= 0 else len(tokens)])
    _allow(REPLACED, "tsunagu_api")
    op.execute("""
        DROP TABLE revoked_token, token_stop, token_clock;
        ALTER TABLE client DROP COLUMN dpop_required;
    """)


def _allow(functions: Iterable[str], *roles: str) -> None:
    for function in functions:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        for role in roles:
            op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")
