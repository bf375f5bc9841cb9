"""Erasure: which clocks run for a referral, what was erased when and why, and by when no backup
holds the key any more.

`erase` and `accept` hold the case, and count its version on: whoever has read a body and has not
yet written that down starts again, and finds its key gone.
"""

from collections.abc import Iterable

from alembic import op
from sqlalchemy import text

revision = "2026_11_23_20"
down_revision = "2026_11_23_19"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
INVOKER = "SECURITY INVOKER SET search_path = pg_catalog, public, pg_temp"

TABLES = """
ALTER TABLE referral ADD COLUMN erased_classes text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN referral.erased_classes IS 'No message of these classes is taken any more.';
GRANT SELECT (erased_classes) ON referral TO tsunagu_api;
CREATE TABLE erasure (
    referral_id uuid NOT NULL REFERENCES referral,
    class text NOT NULL,
    erased_at timestamptz NOT NULL,
    rule text NOT NULL,
    act_id uuid REFERENCES act,
    complete_on date NOT NULL,
    PRIMARY KEY (referral_id, class)
);
COMMENT ON COLUMN erasure.complete_on IS 'The day by which no backup holds the key any more.';
CREATE INDEX ix_erasure_at ON erasure (erased_at DESC);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON erasure
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TABLE retention (
    referral_id uuid NOT NULL REFERENCES referral,
    rule text NOT NULL,
    since date NOT NULL,
    held boolean NOT NULL DEFAULT false,
    PRIMARY KEY (referral_id, rule)
);
COMMENT ON COLUMN retention.held IS 'Found under a hold when its time had come; not looked at.';
CREATE INDEX ix_retention_due ON retention (rule, since, referral_id) WHERE NOT held;
CREATE TABLE erasure_total (
    rule text PRIMARY KEY,
    count bigint NOT NULL
);
UPDATE referral SET erased_classes = '{C0,C1,C2,C3,C4,C5,C6,C7,C8}' WHERE erased_at IS NOT NULL;
"""

# An agency knows of the erasure of what it had a copy of: the copy of a sender is of every class,
# so it is asked which of them its messages have.
POLICIES = {
    "erasure": "EXISTS (SELECT FROM copy c JOIN message m ON m.id = c.message_id"
    " WHERE c.message_referral_id = erasure.referral_id AND erasure.class = ANY (c.classes)"
    " AND m.class_digests ? erasure.class)",
    "retention": "false",
    "erasure_total": "false",
}

CLOCKS = f"""
CREATE FUNCTION set_clocks(p jsonb) RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v record;
BEGIN
    FOR v IN SELECT c.* FROM jsonb_to_recordset(p) AS c (referral_id uuid, rule text, since date)
    LOOP
        IF v.since IS NULL THEN
            DELETE FROM retention WHERE referral_id = v.referral_id AND rule = v.rule;
        ELSE
            INSERT INTO retention (referral_id, rule, since)
            VALUES (v.referral_id, v.rule, v.since)
            ON CONFLICT (referral_id, rule) DO UPDATE SET since = excluded.since, held = false;
        END IF;
    END LOOP;
END $$;
CREATE FUNCTION drop_keys(p_referral uuid, p_classes text[], p_at timestamptz, p_rule text,
    p_act uuid, p_complete date) RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
    WITH gone AS (
        DELETE FROM referral_key WHERE referral_id = p_referral AND class = ANY (p_classes)
        RETURNING class
    )
    INSERT INTO erasure (referral_id, class, erased_at, rule, act_id, complete_on)
    SELECT p_referral, class, p_at, p_rule, p_act, p_complete FROM gone
    ON CONFLICT (referral_id, class) DO NOTHING;
    UPDATE referral SET erased_classes = ARRAY(
        SELECT DISTINCT c FROM unnest(erased_classes || p_classes) AS c ORDER BY c)
    WHERE id = p_referral;
    DELETE FROM deadline WHERE referral_id = p_referral AND deadline_class(kind) = ANY (p_classes);
    INSERT INTO erasure_total (rule, count) VALUES (p_rule, 1)
    ON CONFLICT (rule) DO UPDATE SET count = erasure_total.count + 1;
END $$;
"""

# The case is held first; one that is busy is passed over by a worker, which comes again.
HOLD = f"""
CREATE FUNCTION hold_for_erasure(p_agency text, p_referral uuid, p_wait boolean) RETURNS jsonb
LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_case "case"; r referral;
BEGIN
    SELECT * INTO r FROM referral WHERE id = p_referral;
    IF NOT FOUND OR p_agency IS NOT NULL AND NOT EXISTS (
        SELECT FROM party WHERE referral_id = p_referral AND agency_id = p_agency) THEN
        RETURN NULL;
    END IF;
    IF p_wait THEN
        SELECT * INTO v_case FROM "case" WHERE id = r.case_id FOR UPDATE;
    ELSE
        SELECT * INTO v_case FROM "case" WHERE id = r.case_id FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN RETURN NULL; END IF;
    END IF;
    SELECT * INTO r FROM referral WHERE id = p_referral;
    RETURN jsonb_build_object('id', r.id, 'case_id', v_case.id, 'lead', v_case.lead,
        'flow', r.flow, 'state', r.state, 'erased', r.erased_classes,
        'holders', (SELECT coalesce(jsonb_agg(DISTINCT h.agency_id), '[]') FROM legal_hold h
            WHERE h.case_id = v_case.id AND h.lifted_at IS NULL
                AND (h.whole_case OR h.referral_id = p_referral)),
        'parties', (SELECT coalesce(jsonb_object_agg(q.agency_id, q.name), '{{}}')
            FROM party q WHERE q.referral_id = p_referral AND q.until IS NULL),
        'others', (SELECT coalesce(jsonb_agg(o.state), '[]')
            FROM referral o WHERE o.case_id = v_case.id AND o.id <> p_referral),
        'clocks', (SELECT coalesce(jsonb_object_agg(t.rule, t.since), '{{}}')
            FROM retention t WHERE t.referral_id = p_referral),
        'readers', (SELECT coalesce(jsonb_agg(jsonb_build_object('agency_id', x.agency_id,
                'classes', x.classes, 'connected', a.connected AND a.disabled_at IS NULL)
                ORDER BY x.agency_id), '[]')
            FROM (SELECT c.agency_id, array_agg(DISTINCT s.class ORDER BY s.class) AS classes
                FROM copy c JOIN segment s ON s.message_id = c.message_id
                    AND s.class = ANY (c.classes)
                WHERE c.message_referral_id = p_referral AND c.recalled_at IS NULL
                GROUP BY c.agency_id) AS x
            JOIN agency a ON a.id = x.agency_id));
END $$;
CREATE FUNCTION erase(p jsonb) RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    v_referral constant uuid := (p ->> 'referral_id')::uuid;
    v_classes constant text[] := ARRAY(SELECT jsonb_array_elements_text(p -> 'classes'));
    v_facts constant text[] := ARRAY(SELECT jsonb_array_elements_text(p -> 'facts'));
BEGIN
    UPDATE "case" SET version = version + 1 WHERE id = (p ->> 'case_id')::uuid;
    PERFORM drop_keys(v_referral, v_classes, v_at, p ->> 'rule', (p ->> 'act_id')::uuid,
        (p ->> 'complete_on')::date);
    UPDATE referral SET facts = facts - v_facts WHERE id = v_referral;
    UPDATE party SET view = jsonb_set(view, '{{facts}}', (view -> 'facts') - v_facts)
    WHERE referral_id = v_referral;
    IF 'C0' = ANY (v_classes) THEN
        UPDATE referral SET erased_at = v_at, erased_reason = p ->> 'rule', state = 'closed',
            back = '{{}}', facts = '{{}}' WHERE id = v_referral;
        UPDATE party SET state = 'closed', view = jsonb_set(jsonb_set(view, '{{facts}}', '{{}}'),
            '{{state}}', '"closed"') WHERE referral_id = v_referral AND until IS NULL;
        UPDATE party SET view = jsonb_set(view, '{{facts}}', '{{}}')
        WHERE referral_id = v_referral AND until IS NOT NULL;
        UPDATE delivery_term SET next_at = NULL WHERE next_at IS NOT NULL AND message_id IN (
            SELECT id FROM message WHERE referral_id = v_referral);
    END IF;
    PERFORM set_clocks(p -> 'clocks');
    PERFORM write_log(v_at, p -> 'log');
    IF jsonb_array_length(p -> 'items') > 0 THEN PERFORM deliver(v_at, p -> 'items'); END IF;
END $$;
CREATE FUNCTION erase_ledger(p jsonb) RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
    DELETE FROM consent WHERE referral_id = (p ->> 'referral_id')::uuid;
    PERFORM set_clocks(p -> 'clocks');
    INSERT INTO erasure_total (rule, count) VALUES (p ->> 'rule', 1)
    ON CONFLICT (rule) DO UPDATE SET count = erasure_total.count + 1;
    PERFORM write_log((p ->> 'at')::timestamptz, p -> 'log');
END $$;
CREATE FUNCTION put_off(p_referral uuid, p_rule text) RETURNS void LANGUAGE sql {DEFINER} AS $$
    UPDATE retention SET held = true WHERE referral_id = p_referral AND rule = p_rule
$$;
CREATE FUNCTION due_clocks(p_rule text, p_since date, p_most integer) RETURNS TABLE (id uuid)
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT referral_id FROM retention WHERE rule = p_rule AND since <= p_since AND NOT held
    ORDER BY since, referral_id LIMIT p_most
$$;
CREATE FUNCTION erasure_figures(p_due jsonb, p_late jsonb, p_most integer) RETURNS jsonb
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT jsonb_build_object(
        'erasures', (SELECT coalesce(jsonb_object_agg(t.rule, t.count), '{{}}')
            FROM erasure_total t),
        'due', (SELECT coalesce(jsonb_object_agg(d.key, (
                SELECT count(*) FROM (SELECT FROM retention t WHERE t.rule = d.key
                    AND t.since <= d.value::date AND NOT t.held LIMIT p_most) AS found)), '{{}}')
            FROM jsonb_each_text(p_due) AS d),
        'late', EXISTS (SELECT FROM jsonb_each_text(p_late) AS d CROSS JOIN LATERAL (
            SELECT FROM retention t WHERE t.rule = d.key AND t.since <= d.value::date
                AND NOT t.held LIMIT 1) AS found))
$$;
"""

READ = f"""
CREATE FUNCTION read_erasures(p_agency text, p_referral uuid) RETURNS jsonb
LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    IF NOT EXISTS (SELECT FROM party q WHERE q.referral_id = p_referral) THEN RETURN NULL; END IF;
    RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('class', e.class,
            'erased_at', e.erased_at, 'because', e.rule, 'complete_on', e.complete_on)
            ORDER BY e.class), '[]')
        FROM erasure e WHERE e.referral_id = p_referral);
END $$;
"""

# function, what is there, what comes in its place
CHANGED = (
    (
        "accept_rest(timestamptz, uuid, jsonb)",
        """        DELETE FROM referral_key WHERE referral_id = (p ->> 'erased')::uuid;
        DELETE FROM deadline WHERE referral_id = (p ->> 'erased')::uuid;
    END IF;
""",
        """        PERFORM drop_keys((p #>> '{erased,referral_id}')::uuid,
            ARRAY['C0', 'C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'C8'], p_at, 'refused', NULL,
            (p #>> '{erased,complete_on}')::date);
    END IF;
    IF p ? 'clocks' THEN PERFORM set_clocks(p -> 'clocks'); END IF;
""",
    ),
    (
        "load_case(text, uuid, uuid, uuid[], boolean)",
        "'erased', r.erased_at IS NOT NULL,",
        "'erased', r.erased_classes,",
    ),
    (
        "read_messages(text, uuid[], date)",
        "'erased', r.erased_at IS NOT NULL,",
        """'erased', CASE WHEN r.erased_classes <> '{}' THEN (
                SELECT coalesce(jsonb_object_agg(e.class, jsonb_build_object(
                    'erased_at', e.erased_at, 'because', e.rule)), '{}')
                FROM erasure e WHERE e.referral_id = r.id) END,""",
    ),
    (
        "lift_hold(jsonb)",
        "    RETURN jsonb_build_object('case_id', v_case);",
        """    UPDATE retention t SET held = false FROM referral r
    WHERE r.case_id = v_case AND t.referral_id = r.id AND t.held;
    RETURN jsonb_build_object('case_id', v_case);""",
    ),
)

API = [
    "hold_for_erasure(text, uuid, boolean)",
    "erase(jsonb)",
    "erasure_figures(jsonb, jsonb, integer)",
    "read_erasures(text, uuid)",
]
FOR_WORKER = [
    "hold_for_erasure(text, uuid, boolean)",
    "erase(jsonb)",
    "erase_ledger(jsonb)",
    "put_off(uuid, text)",
    "due_clocks(text, date, integer)",
]
INTERNAL = ["set_clocks(jsonb)", "drop_keys(uuid, text[], timestamptz, text, uuid, date)"]


def upgrade() -> None:
    """Make tables, policies and functions, and let the older functions know of erasures."""
    for script in (TABLES, CLOCKS, HOLD, READ):
        op.execute(script)
    for table, sees in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own ON {table} FOR SELECT TO tsunagu_api USING ({sees})")
        op.execute(f"GRANT SELECT ON {table} TO tsunagu_api")
    _allow({*API, *FOR_WORKER, *INTERNAL})
    _allow(API, "tsunagu_api")
    _allow(FOR_WORKER, "tsunagu_worker")
    for function, old, new in CHANGED:
        _change(function, old, new)


def downgrade() -> None:
    """Put the older functions back, and take away what was made."""
    for function, old, new in CHANGED:
        _change(function, new, old)
    for function in sorted({*API, *FOR_WORKER, *INTERNAL}):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("""
        DROP TABLE erasure_total, retention, erasure;
        REVOKE SELECT (erased_classes) ON referral FROM tsunagu_api;
        ALTER TABLE referral DROP COLUMN erased_classes;
    """)


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


def _allow(functions: Iterable[str], *roles: str) -> None:
    for function in functions:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        for role in roles:
            op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")
