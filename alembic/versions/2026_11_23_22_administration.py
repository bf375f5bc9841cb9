"""Administration over HTTP: what an agency changes of its seats and clients, and the operator.

Every function answers null for what is not there, or is not this agency's, which look the same; a
code if it cannot be done; otherwise `done`. Each writes its log entries in the same transaction.
"""

from collections.abc import Iterable

from alembic import op

revision = "2026_11_23_22"
down_revision = "2026_11_23_21"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"

# Seats that operate the service are given by whoever has the owner's login, and by nobody else:
# an agency could otherwise make itself the operator.
SEATS = f"""
CREATE FUNCTION administer_seat(p jsonb) RETURNS text LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    v_act constant text := p ->> 'act';
    s seat;
BEGIN
    IF v_act = 'seat.add' THEN
        INSERT INTO seat (id, agency_id, name, role, classes, created_at)
        VALUES (p ->> 'target', p ->> 'agency_id', p ->> 'name', p ->> 'role',
            ARRAY(SELECT jsonb_array_elements_text(p -> 'classes')), v_at)
        ON CONFLICT (id) DO NOTHING;
        IF NOT FOUND THEN RETURN 'taken'; END IF;
    ELSE
        SELECT * INTO s FROM seat WHERE id = p ->> 'target' AND agency_id = p ->> 'agency_id'
        FOR UPDATE;
        IF NOT FOUND THEN RETURN NULL; END IF;
        IF s.role = 'operator' AND v_act <> 'seat.disable' THEN RETURN 'operator_seat'; END IF;
        IF v_act = 'seat.change' THEN
            UPDATE seat SET role = coalesce(p ->> 'role', role),
                classes = CASE WHEN jsonb_typeof(p -> 'classes') = 'array'
                    THEN ARRAY(SELECT jsonb_array_elements_text(p -> 'classes')) ELSE classes END
            WHERE id = s.id;
        ELSIF (v_act = 'seat.disable') = (s.disabled_at IS NOT NULL) THEN
            RETURN 'as_it_is';
        ELSE
            UPDATE seat SET disabled_at = CASE WHEN v_act = 'seat.disable' THEN v_at END
            WHERE id = s.id;
        END IF;
    END IF;
    PERFORM tell_administration(v_at, p);
    RETURN 'done';
END $$;
"""
CLIENTS = f"""
CREATE FUNCTION link_client(p_client text, p_agency text, p_seats text[]) RETURNS text
LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
    -- As many own seats as were named: one that is not there and another agency's look the same.
    IF (SELECT count(*) FROM seat WHERE id = ANY (p_seats) AND agency_id = p_agency)
        <> cardinality(p_seats) THEN RETURN 'unknown_seat'; END IF;
    IF EXISTS (SELECT FROM seat WHERE id = ANY (p_seats) AND role = 'operator') THEN
        RETURN 'operator_seat';
    END IF;
    DELETE FROM client_seat WHERE client_id = p_client;
    INSERT INTO client_seat (client_id, seat_id, position)
    SELECT p_client, s.id, s.position FROM unnest(p_seats) WITH ORDINALITY AS s (id, position);
    RETURN 'done';
END $$;
CREATE FUNCTION administer_client(p jsonb) RETURNS text LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    v_act constant text := p ->> 'act';
    v_seats constant text[] := ARRAY(SELECT jsonb_array_elements_text(p -> 'seats'));
    v_done text := 'done';
    c client;
BEGIN
    IF v_act = 'client.add' THEN
        INSERT INTO client (id, agency_id, name, public_jwk, created_at)
        VALUES (p ->> 'target', p ->> 'agency_id', p ->> 'name',
            nullif(p -> 'public_jwk', 'null'), v_at)
        ON CONFLICT (id) DO NOTHING;
        IF NOT FOUND THEN RETURN 'taken'; END IF;
        v_done := link_client(p ->> 'target', p ->> 'agency_id', v_seats);
    ELSE
        SELECT * INTO c FROM client WHERE id = p ->> 'target' AND agency_id = p ->> 'agency_id'
        FOR UPDATE;
        IF NOT FOUND THEN RETURN NULL; END IF;
        -- Whoever holds its secret or key speaks for all of its seats.
        IF v_act <> 'client.disable' AND EXISTS (
            SELECT FROM client_seat l JOIN seat s ON s.id = l.seat_id
            WHERE l.client_id = c.id AND s.role = 'operator') THEN RETURN 'operator_seat'; END IF;
        IF v_act = 'client.link' THEN
            v_done := link_client(c.id, c.agency_id, v_seats);
        ELSIF v_act = 'client.set_key' THEN
            UPDATE client SET public_jwk = p -> 'public_jwk', secret_hash = NULL WHERE id = c.id;
        ELSIF v_act = 'client.secret' THEN
            UPDATE client SET secret_hash = p ->> 'secret_hash', public_jwk = NULL WHERE id = c.id;
        ELSIF v_act = 'client.new_secret' THEN
            NULL;  -- the approval alone: the secret is made when it is fetched
        ELSIF (v_act = 'client.disable') = (c.disabled_at IS NOT NULL) THEN
            RETURN 'as_it_is';
        ELSE
            UPDATE client SET disabled_at = CASE WHEN v_act = 'client.disable' THEN v_at END
            WHERE id = c.id;
        END IF;
    END IF;
    IF v_done = 'done' THEN PERFORM tell_administration(v_at, p); END IF;
    RETURN v_done;
END $$;
"""
AGENCIES = f"""
CREATE FUNCTION administer_agency(p jsonb) RETURNS text LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    v_act constant text := p ->> 'act';
    a agency;
BEGIN
    SELECT * INTO a FROM agency WHERE id = p ->> 'target' FOR UPDATE;
    IF NOT FOUND THEN RETURN NULL; END IF;
    IF a.id = p ->> 'agency_id' AND v_act = 'agency.disable' THEN RETURN 'own_agency'; END IF;
    IF v_act = 'agency.connect' THEN
        IF a.connected THEN RETURN 'as_it_is'; END IF;
        UPDATE agency SET connected = true WHERE id = a.id;
    ELSIF (v_act = 'agency.disable') = (a.disabled_at IS NOT NULL) THEN
        RETURN 'as_it_is';
    ELSE
        UPDATE agency SET disabled_at = CASE WHEN v_act = 'agency.disable' THEN v_at END
        WHERE id = a.id;
    END IF;
    PERFORM tell_administration(v_at, p);
    RETURN 'done';
END $$;
CREATE FUNCTION tell_administration(p_at timestamptz, p jsonb) RETURNS void
LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
    IF jsonb_array_length(p -> 'log') > 0 THEN PERFORM write_log(p_at, p -> 'log'); END IF;
    IF jsonb_array_length(p -> 'items') > 0 THEN PERFORM deliver(p_at, p -> 'items'); END IF;
END $$;
"""

# Of a client's secret nothing is told but that it has one.
SHOW = f"""
CREATE FUNCTION list_seats(p_agency text, p_only text, p_after text, p_limit integer)
RETURNS jsonb LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'name', o.name, 'role', o.role,
        'classes', o.classes, 'created_at', o.created_at, 'disabled_at', o.disabled_at)
        ORDER BY o.id), '[]')
    FROM (SELECT * FROM seat s WHERE s.agency_id = p_agency AND (p_only IS NULL OR s.id = p_only)
        AND (p_after IS NULL OR s.id > p_after) ORDER BY s.id LIMIT p_limit) AS o
$$;
CREATE FUNCTION list_clients(p_agency text, p_only text, p_after text, p_limit integer)
RETURNS jsonb LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'name', o.name,
        'seats', ARRAY(SELECT l.seat_id FROM client_seat l WHERE l.client_id = o.id
            ORDER BY l.position),
        'proof', CASE WHEN o.public_jwk IS NOT NULL THEN 'key'
            WHEN o.secret_hash IS NOT NULL THEN 'secret' ELSE 'none' END,
        'dpop_required', o.dpop_required, 'created_at', o.created_at,
        'disabled_at', o.disabled_at) ORDER BY o.id), '[]')
    FROM (SELECT * FROM client c WHERE c.agency_id = p_agency
        AND (p_only IS NULL OR c.id = p_only) AND (p_after IS NULL OR c.id > p_after)
        ORDER BY c.id LIMIT p_limit) AS o
$$;
"""

# The approval is here, the key is in a folder: whoever has the folder takes it away.
RETIREMENT = f"""
CREATE TABLE master_retirement (
    version integer PRIMARY KEY,
    act_id uuid NOT NULL,
    approved_at timestamptz NOT NULL,
    done_at timestamptz
);
COMMENT ON COLUMN master_retirement.done_at IS 'When the first worker had removed the key.';
ALTER TABLE master_retirement ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON master_retirement FOR SELECT TO tsunagu_api USING (false);
GRANT SELECT ON master_retirement TO tsunagu_api;
CREATE FUNCTION approve_retirement(p jsonb) RETURNS text LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_version constant integer := (p ->> 'version')::integer;
BEGIN
    IF v_version = ANY (masters_in_use())
        OR NOT EXISTS (SELECT FROM master_unused WHERE version = v_version) THEN
        RETURN 'in_use';
    END IF;
    INSERT INTO master_retirement (version, act_id, approved_at)
    VALUES (v_version, (p ->> 'act_id')::uuid, (p ->> 'at')::timestamptz) ON CONFLICT DO NOTHING;
    RETURN CASE WHEN FOUND THEN 'done' ELSE 'as_it_is' END;
END $$;
CREATE FUNCTION approved_retirements(p_unused_before timestamptz) RETURNS integer[]
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT coalesce(array_agg(r.version), '{{}}')
    FROM master_retirement r JOIN master_unused u ON u.version = r.version
    WHERE u.since <= p_unused_before AND r.version <> ALL (masters_in_use())
$$;
CREATE FUNCTION note_retirement(p_version integer, p_at timestamptz, p_log jsonb) RETURNS boolean
LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
    UPDATE master_retirement SET done_at = p_at WHERE version = p_version AND done_at IS NULL;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM write_log(p_at, p_log);
    RETURN true;
END $$;
"""

API = [
    "administer_seat(jsonb)",
    "administer_client(jsonb)",
    "administer_agency(jsonb)",
    "list_seats(text, text, text, integer)",
    "list_clients(text, text, text, integer)",
    "approve_retirement(jsonb)",
]
FOR_WORKER = [
    "approved_retirements(timestamptz)",
    "note_retirement(integer, timestamptz, jsonb)",
]
INTERNAL = ["link_client(text, text, text[])", "tell_administration(timestamptz, jsonb)"]


def upgrade() -> None:
    """Make them."""
    for script in (SEATS, CLIENTS, AGENCIES, SHOW, RETIREMENT):
        op.execute(script)
    _allow(API, "tsunagu_api")
    _allow(FOR_WORKER, "tsunagu_worker")
    _allow(INTERNAL)


def downgrade() -> None:
    """Take them away."""
    for function in [*API, *FOR_WORKER, *INTERNAL]:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TABLE master_retirement")


def _allow(functions: Iterable[str], *roles: str) -> None:
    for function in functions:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        for role in roles:
            op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")
