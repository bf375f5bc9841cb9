-- Write accepted messages with all their effects, in one transaction: several of different cases
-- and agencies, or one. Rows name their message by `nth`, from 1. Returns the numbers of those of
-- which nothing was written, since their case has changed since it was loaded, or is held by
-- somebody else: the caller then decides on each again, alone. Whatever else keeps one from being
-- written keeps all, and each is tried alone. What touches older messages comes alone. Lock order,
-- here and everywhere: case, deadlines, notices, mailboxes by agency id, counts of the day.
-- Mailboxes and counts are those of other cases, too: what a case alone has is written before.
-- Plans look rows up by their keys, also while the tables are small.
CREATE OR REPLACE FUNCTION accept(p jsonb, p_bytes bytea, p_wait boolean) RETURNS integer[]
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    v_not integer[];
    v_cases uuid[]; v_agencies text[]; v_times timestamptz[];
    v_at timestamptz;
BEGIN
    SELECT array_agg(c.id ORDER BY c.nth), array_agg(c.agency_id ORDER BY c.nth),
        array_agg(c.at ORDER BY c.nth), max(c.at)
    INTO v_cases, v_agencies, v_times, v_at
    FROM jsonb_to_recordset(p -> 'cases') AS c (nth integer, id uuid, agency_id text, at timestamptz);
    PERFORM act_for_each(v_agencies);
    IF cardinality(v_cases) > 1
        AND p ?| ARRAY['shared', 'shown', 'erased', 'consent', 'vouched', 'withdrawn'] THEN
        RAISE EXCEPTION 'what touches older messages is written alone'
            USING ERRCODE = 'check_violation';
    END IF;
    -- Whoever holds a mailbox or a count for long holds up nobody but those who need it.
    IF NOT p_wait THEN PERFORM set_config('lock_timeout', '100', true); END IF;
    v_not := write_cases(p, p_wait);
    IF cardinality(v_not) = cardinality(v_cases) THEN RETURN v_not; END IF;
    IF cardinality(v_not) > 0 THEN p := without_messages(p, v_not); END IF;
    PERFORM check_owners(p);
    PERFORM write_referrals(p, v_cases, v_times);
    PERFORM write_messages(p, v_times, p_bytes);
    IF p ?| ARRAY['deadlines', 'lifted'] THEN PERFORM write_deadlines(p); END IF;
    IF p ? 'settlements' THEN PERFORM write_settlements(p); END IF;
    IF p ? 'shown' THEN PERFORM write_showings(p); END IF;
    IF p ? 'erased' THEN
        PERFORM drop_keys((p #>> '{erased,referral_id}')::uuid,
            ARRAY['C0', 'C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'C8'], v_at, 'refused', NULL,
            (p #>> '{erased,complete_on}')::date);
    END IF;
    IF p ? 'clocks' THEN PERFORM set_clocks(p -> 'clocks'); END IF;
    IF p ? 'terms' THEN PERFORM write_terms(p); END IF;
    IF p ?| ARRAY['consent', 'vouched', 'withdrawn'] THEN
        PERFORM write_consents(v_at, v_cases[1], p);
    END IF;
    PERFORM deliver(v_at, p -> 'items');
    PERFORM write_log_of_each(v_agencies, v_at, p -> 'log');
    PERFORM count_today(NULL, v_at, p -> 'counts');
    RETURN v_not;
END $$;
REVOKE ALL ON FUNCTION accept(jsonb, bytea, boolean) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION accept(jsonb, bytea, boolean) TO tsunagu_api;
