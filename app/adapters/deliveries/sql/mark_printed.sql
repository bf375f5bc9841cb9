-- Record that the sender has printed copies for recipients that are not connected.
CREATE OR REPLACE FUNCTION mark_printed(p jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    m message;
    v_to text[];
    v_case uuid;
    v_printed text[];
BEGIN
    PERFORM act_for(p ->> 'agency_id');
    SELECT * INTO m FROM message WHERE id = (p ->> 'message_id')::uuid
        AND referral_id = (p ->> 'referral_id')::uuid;
    IF NOT FOUND OR NOT sent_by(m, p ->> 'agency_id') THEN RETURN NULL; END IF;
    -- The share lock keeps a recall out: it has to know whether paper has left the house.
    SELECT k.id INTO v_case FROM "case" k JOIN referral r ON r.case_id = k.id
    WHERE r.id = m.referral_id FOR SHARE OF k;
    v_to := ARRAY(SELECT r ->> 'agency_id' FROM jsonb_array_elements(m.recipients) AS r
        WHERE p -> 'recipients' = 'null' OR p -> 'recipients' ? (r ->> 'agency_id'));
    WITH printed AS (
        UPDATE inbox_item SET printed_at = (p ->> 'at')::timestamptz, printed_by = p ->> 'seat_id'
        WHERE agency_id = ANY (v_to) AND message_id = m.id AND kind = 'message' AND to_print
            AND printed_at IS NULL AND recalled_at IS NULL
        RETURNING agency_id
    )
    SELECT array_agg(agency_id ORDER BY agency_id) INTO v_printed FROM printed;
    IF v_printed IS NOT NULL THEN
        PERFORM write_log_of(p ->> 'agency_id', (p ->> 'at')::timestamptz, jsonb_build_array(p -> 'log' ||
            jsonb_build_object('case_id', v_case,
                'agencies', v_printed || (p ->> 'agency_id'),
                'detail', jsonb_build_object('for', v_printed))));
    END IF;
    RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('agency_id', i.agency_id,
            'printed_at', i.printed_at, 'printed_by', i.printed_by,
            'recalled_at', i.recalled_at) ORDER BY i.agency_id), '[]')
        FROM inbox_item i WHERE i.agency_id = ANY (v_to) AND i.message_id = m.id
            AND i.kind = 'message' AND i.to_print);
END $$;
REVOKE ALL ON FUNCTION mark_printed(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION mark_printed(jsonb) TO tsunagu_api;
