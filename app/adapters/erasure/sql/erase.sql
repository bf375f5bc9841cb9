-- Erase classes of a referral: delete their keys, and remove their facts. It increments the
-- version of the case: a reader that has read a body and has not yet logged the opening starts
-- again, and finds its key deleted.
CREATE OR REPLACE FUNCTION erase(p jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    v_case uuid;
    v_referral constant uuid := (p ->> 'referral_id')::uuid;
    v_classes constant text[] := ARRAY(SELECT jsonb_array_elements_text(p -> 'classes'));
    v_facts constant text[] := ARRAY(SELECT jsonb_array_elements_text(p -> 'facts'));
    v_holders text[];
BEGIN
    -- The API erases by an act of two seats that is about this referral, and is not settled yet.
    PERFORM act_for_unless_worker((SELECT agency_id FROM act
        WHERE id = (p ->> 'act_id')::uuid AND kind IN ('erase', 'erase.ordered')
            AND target = p ->> 'referral_id' AND state = 'proposed'));
    UPDATE "case" SET version = version + 1
    WHERE id = (SELECT case_id FROM referral WHERE id = v_referral) RETURNING id INTO v_case;
    PERFORM check_erasure(p, v_classes);
    v_holders := ARRAY(SELECT DISTINCT c.agency_id FROM copy c JOIN referral r ON r.id = v_referral
        JOIN segment s ON s.message_id = c.message_id AND s.class = ANY (v_classes)
            AND s.class <> ALL (r.erased_classes)
            AND s.class = ANY (CASE WHEN c.recalled_at IS NULL THEN c.classes ELSE c.kept END)
        WHERE c.message_referral_id = v_referral);
    PERFORM drop_keys(v_referral, v_classes, v_at, p ->> 'rule', (p ->> 'act_id')::uuid,
        (p ->> 'complete_on')::date);
    UPDATE referral SET facts = facts - v_facts WHERE id = v_referral;
    UPDATE party SET view = jsonb_set(view, '{facts}', (view -> 'facts') - v_facts)
    WHERE referral_id = v_referral;
    IF 'C0' = ANY (v_classes) THEN
        UPDATE referral SET erased_at = v_at, erased_reason = p ->> 'rule', state = 'closed',
            back = '{}', facts = '{}' WHERE id = v_referral;
        UPDATE party SET state = 'closed', view = jsonb_set(jsonb_set(view, '{facts}', '{}'),
            '{state}', '"closed"') WHERE referral_id = v_referral AND until IS NULL;
        UPDATE party SET view = jsonb_set(view, '{facts}', '{}')
        WHERE referral_id = v_referral AND until IS NOT NULL;
        UPDATE party SET view = jsonb_set(view, '{back}', '[]') WHERE referral_id = v_referral;
        UPDATE delivery_term SET next_at = NULL WHERE next_at IS NOT NULL AND message_id IN (
            SELECT id FROM message WHERE referral_id = v_referral);
        UPDATE returned_term SET next_at = NULL WHERE next_at IS NOT NULL AND message_id IN (
            SELECT id FROM message WHERE referral_id = v_referral);
    END IF;
    PERFORM set_clocks(p -> 'clocks');
    IF jsonb_array_length(p -> 'items') > 0 THEN PERFORM deliver(v_at, p -> 'items'); END IF;
    IF NOT v_holders <@ ARRAY(SELECT jsonb_array_elements_text(e -> 'agencies')
        FROM jsonb_array_elements(p -> 'log') AS e WHERE e ->> 'kind' = 'erasure') THEN
        RAISE EXCEPTION 'an erasure is logged for whoever has a copy'
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM write_case_log(v_case, v_at, p);
END $$;
REVOKE ALL ON FUNCTION erase(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION erase(jsonb) TO tsunagu_api, tsunagu_worker;
