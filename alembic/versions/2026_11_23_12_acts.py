"""Weighty acts that take two seats, and legal holds, the first thing that is done by one.

That the two seats differ is also said by the table itself. A settled act never changes again.
Lock order: act, then case, and so on as everywhere.
"""

from collections.abc import Iterable

from alembic import op

revision = "2026_11_23_12"
down_revision = "2026_11_23_11"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
INVOKER = "SECURITY INVOKER SET search_path = pg_catalog, public, pg_temp"

TABLES = """
CREATE TABLE act (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    agency_id text NOT NULL REFERENCES agency,
    target text NOT NULL CHECK (length(target) <= 128),
    detail jsonb NOT NULL,
    proposed_at timestamptz NOT NULL,
    proposed_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL
        CHECK (state IN ('proposed', 'approved', 'refused', 'withdrawn', 'expired', 'failed')),
    decided_at timestamptz,
    decided_by text,
    outcome jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT act_two_seats_check CHECK (state NOT IN ('approved', 'refused', 'failed')
        OR decided_by IS NOT NULL AND decided_by <> proposed_by)
);
COMMENT ON COLUMN act.detail IS 'Codes, ids and numbers: never words, and nothing personal.';
CREATE INDEX ix_act_agency ON act (agency_id, proposed_at DESC, id DESC);
CREATE INDEX ix_act_waiting ON act (agency_id, proposed_at DESC, id DESC)
    WHERE state = 'proposed';
CREATE INDEX ix_act_expires ON act (expires_at) WHERE state = 'proposed';
CREATE TABLE legal_hold (
    id uuid PRIMARY KEY,
    agency_id text NOT NULL,
    case_id uuid NOT NULL REFERENCES "case",
    referral_id uuid NOT NULL REFERENCES referral,
    whole_case boolean NOT NULL,
    reason text NOT NULL,
    set_at timestamptz NOT NULL,
    lifted_at timestamptz
);
COMMENT ON TABLE legal_hold IS 'Shown to nobody but the agency that holds.';
CREATE UNIQUE INDEX ix_legal_hold_open ON legal_hold (case_id, referral_id, agency_id)
    WHERE lifted_at IS NULL;
CREATE INDEX ix_legal_hold_agency ON legal_hold (agency_id, set_at DESC, id DESC)
    WHERE lifted_at IS NULL;
"""

GUARD = """
CREATE FUNCTION refuse_second_thoughts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'proposed' THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'a settled act is append-only';
END $$;
CREATE TRIGGER settled BEFORE UPDATE OR DELETE ON act
    FOR EACH ROW EXECUTE FUNCTION refuse_second_thoughts();
CREATE TRIGGER append_only BEFORE TRUNCATE ON act
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

POLICIES = {"act": "agency_id = (SELECT me())", "legal_hold": "agency_id = (SELECT me())"}

# The mailbox's row is held while the waiting ones are counted, so that no two pass at once.
ACTS = f"""
CREATE FUNCTION find_act(p_id uuid) RETURNS jsonb LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT to_jsonb(a) FROM act a WHERE a.id = p_id
$$;
CREATE FUNCTION propose_act(p jsonb, p_most integer) RETURNS text
LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_at constant timestamptz := (p ->> 'proposed_at')::timestamptz;
BEGIN
    PERFORM FROM mailbox WHERE agency_id = p ->> 'agency_id' FOR UPDATE;
    IF (SELECT count(*) FROM act WHERE agency_id = p ->> 'agency_id' AND state = 'proposed'
        AND expires_at > v_at) >= p_most THEN RETURN 'too_many'; END IF;
    INSERT INTO act (id, kind, agency_id, target, detail, proposed_at, proposed_by, expires_at,
        state)
    VALUES ((p ->> 'id')::uuid, p ->> 'kind', p ->> 'agency_id', p ->> 'target', p -> 'detail',
        v_at, p ->> 'proposed_by', (p ->> 'expires_at')::timestamptz, 'proposed')
    ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN RETURN 'taken'; END IF;
    PERFORM write_log(v_at, p -> 'log');
    PERFORM deliver(v_at, p -> 'items');
    RETURN 'made';
END $$;
CREATE FUNCTION hold_act(p_agency text, p_id uuid) RETURNS jsonb
LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_act act;
BEGIN
    SELECT * INTO v_act FROM act WHERE id = p_id AND agency_id = p_agency FOR UPDATE;
    RETURN CASE WHEN FOUND THEN to_jsonb(v_act) END;
END $$;
CREATE FUNCTION due_acts(p_at timestamptz, p_most integer) RETURNS jsonb
LANGUAGE sql {DEFINER} AS $$
    SELECT coalesce(jsonb_agg(to_jsonb(a)), '[]') FROM (
        SELECT * FROM act WHERE state = 'proposed' AND expires_at <= p_at
        ORDER BY expires_at LIMIT p_most FOR UPDATE SKIP LOCKED) AS a
$$;
CREATE FUNCTION settle_act(p jsonb) RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_at constant timestamptz := (p ->> 'at')::timestamptz;
BEGIN
    UPDATE act SET state = p ->> 'state', decided_at = v_at, decided_by = p ->> 'decided_by',
        outcome = p -> 'outcome'
    WHERE id = (p ->> 'id')::uuid;
    PERFORM write_log(v_at, p -> 'log');
    IF jsonb_array_length(p -> 'items') > 0 THEN PERFORM deliver(v_at, p -> 'items'); END IF;
END $$;
CREATE FUNCTION read_act(p_agency text, p_id uuid) RETURNS jsonb
LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT to_jsonb(a) FROM act a WHERE a.id = p_id AND a.agency_id = p_agency);
END $$;
CREATE FUNCTION list_acts(p_agency text, p_waiting timestamptz, p_before timestamptz,
    p_before_id uuid, p_limit integer) RETURNS jsonb
LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    IF p_waiting IS NOT NULL THEN
        RETURN (SELECT coalesce(jsonb_agg(to_jsonb(o) ORDER BY o.proposed_at DESC, o.id DESC), '[]')
            FROM (SELECT a.* FROM act a
                WHERE a.agency_id = p_agency AND a.state = 'proposed' AND a.expires_at > p_waiting
                    AND (p_before IS NULL OR (a.proposed_at, a.id) < (p_before, p_before_id))
                ORDER BY a.proposed_at DESC, a.id DESC LIMIT p_limit) AS o);
    END IF;
    RETURN (SELECT coalesce(jsonb_agg(to_jsonb(o) ORDER BY o.proposed_at DESC, o.id DESC), '[]')
        FROM (SELECT a.* FROM act a
            WHERE a.agency_id = p_agency
                AND (p_before IS NULL OR (a.proposed_at, a.id) < (p_before, p_before_id))
            ORDER BY a.proposed_at DESC, a.id DESC LIMIT p_limit) AS o);
END $$;
"""

# Whoever erases holds the case: a hold is there before, or comes too late. Answers null for a
# referral of which the agency never was a party, and otherwise why not, or that it was done.
HOLDS = f"""
CREATE FUNCTION set_hold(p jsonb) RETURNS jsonb LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
    v_referral constant uuid := (p ->> 'referral_id')::uuid;
    v_case uuid;
    v_erased boolean;
BEGIN
    SELECT k.id INTO v_case
    FROM referral r JOIN party q ON q.referral_id = r.id JOIN "case" k ON k.id = r.case_id
    WHERE r.id = v_referral AND q.agency_id = p ->> 'agency_id' FOR UPDATE OF k;
    IF NOT FOUND THEN RETURN NULL; END IF;
    SELECT r.erased_at IS NOT NULL INTO v_erased FROM referral r WHERE r.id = v_referral;
    IF v_erased THEN RETURN jsonb_build_object('reason', 'erased'); END IF;
    INSERT INTO legal_hold (id, agency_id, case_id, referral_id, whole_case, reason, set_at)
    VALUES ((p ->> 'act_id')::uuid, p ->> 'agency_id', v_case, v_referral,
        (p ->> 'whole_case')::boolean, p ->> 'reason', (p ->> 'at')::timestamptz)
    ON CONFLICT (case_id, referral_id, agency_id) WHERE lifted_at IS NULL DO NOTHING;
    IF NOT FOUND THEN RETURN jsonb_build_object('reason', 'already_held'); END IF;
    RETURN jsonb_build_object('case_id', v_case);
END $$;
CREATE FUNCTION lift_hold(p jsonb) RETURNS jsonb LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_case uuid;
BEGIN
    SELECT k.id INTO v_case
    FROM referral r JOIN party q ON q.referral_id = r.id JOIN "case" k ON k.id = r.case_id
    WHERE r.id = (p ->> 'referral_id')::uuid AND q.agency_id = p ->> 'agency_id' FOR UPDATE OF k;
    IF NOT FOUND THEN RETURN NULL; END IF;
    UPDATE legal_hold SET lifted_at = (p ->> 'at')::timestamptz
    WHERE case_id = v_case AND referral_id = (p ->> 'referral_id')::uuid
        AND agency_id = p ->> 'agency_id' AND lifted_at IS NULL;
    IF NOT FOUND THEN RETURN jsonb_build_object('reason', 'not_held'); END IF;
    RETURN jsonb_build_object('case_id', v_case);
END $$;
CREATE FUNCTION is_held(p_case uuid, p_referral uuid) RETURNS boolean
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT EXISTS (SELECT FROM legal_hold h WHERE h.case_id = p_case AND h.lifted_at IS NULL
        AND (h.whole_case OR h.referral_id = p_referral))
$$;
CREATE FUNCTION list_holds(p_agency text, p_before timestamptz, p_before_id uuid, p_limit integer)
RETURNS jsonb LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(to_jsonb(o) ORDER BY o.set_at DESC, o.id DESC), '[]')
        FROM (SELECT h.id, h.referral_id, h.whole_case, h.reason, h.set_at FROM legal_hold h
            WHERE h.agency_id = p_agency AND h.lifted_at IS NULL
                AND (p_before IS NULL OR (h.set_at, h.id) < (p_before, p_before_id))
            ORDER BY h.set_at DESC, h.id DESC LIMIT p_limit) AS o);
END $$;
"""

API = [
    "find_act(uuid)",
    "propose_act(jsonb, integer)",
    "hold_act(text, uuid)",
    "settle_act(jsonb)",
    "read_act(text, uuid)",
    "list_acts(text, timestamptz, timestamptz, uuid, integer)",
    "set_hold(jsonb)",
    "lift_hold(jsonb)",
    "list_holds(text, timestamptz, uuid, integer)",
]
FOR_WORKER = ["due_acts(timestamptz, integer)", "settle_act(jsonb)"]
INTERNAL = ["is_held(uuid, uuid)"]


def upgrade() -> None:
    """Make tables, policies and functions."""
    for script in (TABLES, GUARD, ACTS, HOLDS):
        op.execute(script)
    for table, sees in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own ON {table} FOR SELECT TO tsunagu_api USING ({sees})")
        op.execute(f"GRANT SELECT ON {table} TO tsunagu_api")
    _allow({*API, *FOR_WORKER, *INTERNAL})
    _allow(API, "tsunagu_api")
    _allow(FOR_WORKER, "tsunagu_worker")


def downgrade() -> None:
    """Take them away."""
    for function in sorted({*API, *FOR_WORKER, *INTERNAL}):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TABLE legal_hold, act; DROP FUNCTION refuse_second_thoughts()")


def _allow(functions: Iterable[str], *roles: str) -> None:
    for function in functions:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        for role in roles:
            op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")
