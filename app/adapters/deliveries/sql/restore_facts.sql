-- Put back, in a reader's view, the facts of the recalled message as they stood before it: those
-- given here, sealed for the reader, and their days. The others are removed, with their deadlines.
-- Called by a recall only. Of a copy that its reader has relied upon, `p_only` has the facts that
-- the reader was not told, since consent did not cover them: no later consent is to tell them.
CREATE OR REPLACE FUNCTION restore_facts(
    p_agency text, p_message uuid, p_facts jsonb, p_days jsonb, p_only jsonb
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_referral uuid; v_facts text[]; v_open boolean;
BEGIN
    SELECT m.referral_id, array_agg(f) INTO v_referral, v_facts
    FROM message m CROSS JOIN unnest(m.facts) AS f
    WHERE m.id = p_message AND (jsonb_typeof(p_only) IS DISTINCT FROM 'array' OR p_only ? f)
    GROUP BY m.referral_id;
    IF v_facts IS NULL THEN RETURN; END IF;
    UPDATE party SET view = jsonb_set(view, '{facts}', (view -> 'facts') - v_facts
        || (SELECT coalesce(jsonb_object_agg(f.key, f.value), '{}') FROM jsonb_each(p_facts) AS f
            WHERE f.key = ANY (v_facts)))
    WHERE referral_id = v_referral AND agency_id = p_agency
    RETURNING until IS NULL AND state <> 'closed' INTO v_open;
    DELETE FROM deadline WHERE referral_id = v_referral AND agency_id = p_agency
        AND kind = ANY (v_facts) AND due_on IS DISTINCT FROM (p_days ->> kind)::date;
    INSERT INTO deadline (referral_id, agency_id, kind, due_on)
    SELECT v_referral, p_agency, d.key, d.value::date
    FROM jsonb_each_text(p_days) AS d WHERE v_open AND d.key = ANY (v_facts)
    ON CONFLICT DO NOTHING;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION restore_facts(text, uuid, jsonb, jsonb, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
