-- Write a request to return or destroy, and its log entries. Returns the inbox items to deliver.
CREATE OR REPLACE FUNCTION ask_back(
    p_at timestamptz, p_case uuid, p_party party, p_messages uuid[], p_classes text[], w jsonb
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE x return_request; v_item jsonb; v_detail jsonb;
BEGIN
    INSERT INTO return_request (id, case_id, referral_id, agency_id, party, consent_ids,
        message_ids, classes, seen_by, requested_at, due_on)
    VALUES (gen_random_uuid(), p_case, p_party.referral_id, p_party.agency_id, p_party.name,
        ARRAY(SELECT c.id FROM consents_for(p_party.agency_id, p_party.referral_id) AS c
            WHERE c.withdrawn_by = (w ->> 'by')::uuid ORDER BY c.id),
        p_messages, p_classes, following(p_party, p_messages, w ->> 'agency_id'), p_at,
        (w ->> 'due_on')::date)
    RETURNING * INTO x;
    v_detail := jsonb_build_object('due_on', x.due_on);
    PERFORM write_log(p_at, jsonb_build_array(return_entry(x, 'return_request', x.agency_id,
        v_detail || jsonb_build_object('classes', x.classes))) || coalesce((
        SELECT jsonb_agg(return_entry(x, 'return_request', s, v_detail))
        FROM unnest(x.seen_by) AS s), '[]'));
    v_item := jsonb_build_object('kind', 'consent.return_or_destroy',
        'type', 'consent.return_or_destroy', 'urgency', 'urgent', 'referral_id', x.referral_id);
    RETURN return_items(x, v_item, true);
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION ask_back(timestamptz, uuid, party, uuid[], text[], jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
