-- Write a request to erase that two seats of an agency have approved, and ask the other agencies that
-- hold copies. The case is locked.
CREATE OR REPLACE FUNCTION write_erasure_request(p jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_at constant timestamptz := (p ->> 'at')::timestamptz; v_id constant uuid := (p ->> 'id')::uuid;
BEGIN
    PERFORM act_for(p ->> 'agency_id');
    INSERT INTO erasure_request (id, agency_id, referral_id, reason, classes, requested_at,
        requested_by, expires_at)
    VALUES (v_id, p ->> 'agency_id', (p ->> 'referral_id')::uuid, p ->> 'reason',
        ARRAY(SELECT jsonb_array_elements_text(p -> 'classes')), v_at, p ->> 'requested_by',
        (p ->> 'expires_at')::timestamptz);
    INSERT INTO erasure_answer (request_id, agency_id, referral_id)
    SELECT v_id, a.agency_id, a.referral_id
    FROM jsonb_to_recordset(p -> 'asked') AS a (agency_id text, referral_id uuid);
    PERFORM deliver(v_at, p -> 'items');
    PERFORM write_log_of(me(), v_at, p -> 'log');
END $$;
REVOKE ALL ON FUNCTION write_erasure_request(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION write_erasure_request(jsonb) TO tsunagu_api;
