-- Lock the case of a request, and return the request with the message and its copies, so that the
-- answer can be decided on. Null if the agency was not asked.
CREATE OR REPLACE FUNCTION hold_recall_request(p_agency text, p_id uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE x recall_request; v_message jsonb;
BEGIN
    PERFORM act_for(p_agency);
    SELECT * INTO x FROM recall_request WHERE id = p_id AND recipient_agency = p_agency;
    IF NOT FOUND THEN RETURN NULL; END IF;
    v_message := hold_for_recall(x.sender_agency, x.referral_id, x.message_id);
    SELECT * INTO x FROM recall_request WHERE id = p_id FOR UPDATE;
    RETURN jsonb_build_object('request', to_jsonb(x), 'message', v_message);
END $$;
REVOKE ALL ON FUNCTION hold_recall_request(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION hold_recall_request(text, uuid) TO tsunagu_api;
