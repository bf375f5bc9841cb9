-- The deliveries of one message, for its sender; its own delivery for a recipient. Null for
-- everybody else.
CREATE OR REPLACE FUNCTION explain_message(p_agency text, p_referral uuid, p_message uuid)
RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE m message; c copy; v_party party; v_sent boolean; v_found jsonb; v_position bigint;
BEGIN
    PERFORM act_for(p_agency);
    SELECT * INTO c FROM copy WHERE agency_id = p_agency AND message_id = p_message
        AND p_referral IN (referral_id, message_referral_id);
    IF NOT FOUND THEN RETURN NULL; END IF;
    SELECT * INTO m FROM message WHERE id = p_message;
    SELECT * INTO v_party FROM party WHERE referral_id = c.referral_id AND agency_id = p_agency;
    SELECT position INTO v_position FROM inbox_item
    WHERE agency_id = p_agency AND message_id = p_message AND kind = 'message';
    v_sent := sent_by(m, p_agency);
    IF NOT v_sent AND v_position IS NULL THEN RETURN NULL; END IF;
    v_found := CASE
        WHEN v_sent THEN deliveries_known(m.id, NULL, ended_parties(v_party.view), v_party.until)
        ELSE deliveries_known(m.id, p_agency,
            CASE WHEN v_party.until IS NOT NULL THEN ARRAY[p_agency] END, NULL) END;
    RETURN (SELECT jsonb_build_object('message_id', m.id, 'referral_id', m.referral_id,
        'type', m.type, 'urgency', m.urgency, 'accepted_at', m.accepted_at,
        'overdue_at', t.overdue_at, 'failed_at', t.failed_at,
        'you', CASE WHEN v_sent THEN 'sender' ELSE 'recipient' END,
        'recipients', v_found, 'notices', notices_of(p_agency, p_message, v_position))::text
        FROM (SELECT) AS one LEFT JOIN delivery_term t ON t.message_id = m.id);
END $$;
REVOKE ALL ON FUNCTION explain_message(text, uuid, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION explain_message(text, uuid, uuid) TO tsunagu_api;
