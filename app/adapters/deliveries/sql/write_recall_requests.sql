-- Write the requests of an act that two seats of the sender have approved, one for each holder of a
-- copy. Returns false, and writes nothing, if one of them was asked before and has not answered, or
-- has refused.
CREATE OR REPLACE FUNCTION write_recall_requests(p jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_at constant timestamptz := (p ->> 'at')::timestamptz;
BEGIN
    PERFORM act_for(p #>> '{requests,0,sender_agency}');
    IF EXISTS (SELECT FROM jsonb_array_elements(p -> 'requests') AS r
        JOIN recall_request x ON x.message_id = (r ->> 'message_id')::uuid
            AND x.recipient_agency = r ->> 'recipient_agency' AND x.state IN ('open', 'refused'))
    THEN RETURN false; END IF;
    INSERT INTO recall_request (id, act_id, message_id, referral_id, reader_referral_id, type,
        sender_agency, recipient_agency, recipient_party, reason, requested_at, requested_by,
        expires_at)
    SELECT r.id, (p ->> 'act_id')::uuid, r.message_id, r.referral_id, r.reader_referral_id, r.type,
        r.sender_agency, r.recipient_agency, r.recipient_party, r.reason, v_at, r.requested_by,
        r.expires_at
    FROM jsonb_to_recordset(p -> 'requests') AS r (id uuid, message_id uuid, referral_id uuid,
        reader_referral_id uuid, type text, sender_agency text, recipient_agency text,
        recipient_party text, reason text, requested_by text, expires_at timestamptz);
    PERFORM deliver(v_at, p -> 'items');
    PERFORM write_log_of(p #>> '{requests,0,sender_agency}', v_at, p -> 'log');
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION write_recall_requests(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION write_recall_requests(jsonb) TO tsunagu_api;
