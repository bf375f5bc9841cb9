-- Write an accepted message with all its effects, in one transaction. Returns false, and writes
-- nothing, if the case has changed since it was loaded: the caller then decides again. Lock
-- order, here and everywhere: case, deadlines, notices, mailboxes by agency id, counts of the day.
-- Mailboxes and counts are those of other cases, too: what the case alone has is written before.
CREATE OR REPLACE FUNCTION accept(
    p jsonb, p_key_referral uuid[], p_key_class text[], p_key_master integer[],
    p_key_wrapped bytea[], p_segment_message uuid[], p_segment_class text[],
    p_segment_sealed bytea[]
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    v_case constant uuid := (p #>> '{case,id}')::uuid;
    v_agency constant text := (SELECT m ->> 'caller_agency'
        FROM jsonb_array_elements(p -> 'messages') AS m WHERE m ->> 'caller_agency' IS NOT NULL LIMIT 1);
BEGIN
    PERFORM act_for(v_agency);
    IF NOT write_case(v_at, v_case, p) THEN RETURN false; END IF;
    PERFORM write_messages(v_at, p, p_key_referral, p_key_class, p_key_master, p_key_wrapped,
        p_segment_message, p_segment_class, p_segment_sealed);
    IF p ?| ARRAY['deadlines', 'lifted'] THEN PERFORM write_deadlines(p); END IF;
    IF p ? 'settlement' THEN PERFORM write_settlement(p); END IF;
    IF p ? 'shown' THEN PERFORM write_showings(p); END IF;
    IF p ? 'erased' THEN
        PERFORM drop_keys((p #>> '{erased,referral_id}')::uuid,
            ARRAY['C0', 'C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'C8'], v_at, 'refused', NULL,
            (p #>> '{erased,complete_on}')::date);
    END IF;
    IF p ? 'clocks' THEN PERFORM set_clocks(p -> 'clocks'); END IF;
    IF p ? 'terms' THEN PERFORM write_terms(p); END IF;
    IF p ?| ARRAY['consent', 'vouched', 'withdrawn'] THEN PERFORM write_consents(v_at, v_case, p); END IF;
    PERFORM deliver(v_at, (p -> 'items') || coalesce(p -> 'changes', '[]'));
    PERFORM write_log_of(v_agency, v_at, p -> 'log');
    IF p ? 'counts' THEN PERFORM count_today(v_agency, v_at, p -> 'counts'); END IF;
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION accept(jsonb, uuid[], text[], integer[], bytea[], uuid[], text[], bytea[])
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION accept(jsonb, uuid[], text[], integer[], bytea[], uuid[], text[], bytea[])
    TO tsunagu_api;
