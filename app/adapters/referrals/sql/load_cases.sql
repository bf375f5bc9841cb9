-- What is needed to decide on messages, for each of `p` one element, in their order: the case that
-- it belongs to, as `load_case` gives it; for one that opens a case of its own, an object without
-- one, and whether another agency's message has its id. Each has the latest times in the mailboxes
-- of its sender and of the agencies that it names. `p_hold` locks the case of a message that is the
-- only one. One plan serves every call, and planning each call again would take twice the time.
CREATE OR REPLACE FUNCTION load_cases(p jsonb, p_hold boolean) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off AS $$
DECLARE
    v_message record; v_loaded jsonb; v_repeat jsonb;
    v_all text[] := '{}';
BEGIN
    PERFORM act_for_each(ARRAY(SELECT m ->> 'agency_id' FROM jsonb_array_elements(p) AS m));
    FOR v_message IN
        SELECT m.* FROM ROWS FROM (jsonb_to_recordset(p) AS (agency_id text, id uuid,
            referral_id uuid, pointed uuid[], named text[])) WITH ORDINALITY AS m (agency_id, id,
            referral_id, pointed, named, nth)
        ORDER BY m.nth
    LOOP
        IF v_message.referral_id IS NOT NULL THEN
            v_loaded := load_case(v_message.agency_id, v_message.id, v_message.referral_id,
                v_message.pointed, p_hold AND jsonb_array_length(p) = 1);
        ELSE
            v_repeat := find_repeat(v_message.id);
            v_loaded := CASE WHEN v_repeat ->> 'caller_agency' = v_message.agency_id
                THEN jsonb_build_object('repeat', v_repeat)
                ELSE jsonb_build_object('taken', v_repeat IS NOT NULL) END;
        END IF;
        IF v_loaded IS NOT NULL AND cardinality(v_message.named) > 0 THEN
            v_loaded := v_loaded
                || jsonb_build_object('named', latest_in_mailboxes(v_message.named));
        END IF;
        v_all := v_all || v_loaded::text;
    END LOOP;
    RETURN v_all;
END $$;
REVOKE ALL ON FUNCTION load_cases(jsonb, boolean) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION load_cases(jsonb, boolean) TO tsunagu_api;
