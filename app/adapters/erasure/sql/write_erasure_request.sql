-- Write a request to erase that two seats of an agency have approved, and ask the other agencies that
-- hold copies. The case is locked. Its time is not before that of any message of the case, and every
-- later message has a later time, whatever the clocks say: what was sent after it is told from that.
CREATE OR REPLACE FUNCTION write_erasure_request(p jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    v_id constant uuid := (p ->> 'id')::uuid;
    v_requested timestamptz;
BEGIN
    PERFORM act_for(p ->> 'agency_id');
    UPDATE "case" SET latest_at = greatest(latest_at, v_at) + interval '1 millisecond'
    WHERE id = (SELECT case_id FROM referral WHERE id = (p ->> 'referral_id')::uuid)
    RETURNING latest_at - interval '1 millisecond' INTO v_requested;
    INSERT INTO erasure_request (id, agency_id, referral_id, reason, classes, requested_at,
        requested_by, expires_at)
    VALUES (v_id, p ->> 'agency_id', (p ->> 'referral_id')::uuid, p ->> 'reason',
        ARRAY(SELECT jsonb_array_elements_text(p -> 'classes')), v_requested, p ->> 'requested_by',
        (p ->> 'expires_at')::timestamptz);
    INSERT INTO erasure_answer (request_id, agency_id, referral_id)
    SELECT v_id, a.agency_id, a.referral_id
    FROM jsonb_to_recordset(p -> 'asked') AS a (agency_id text, referral_id uuid);
    PERFORM deliver(v_at, p -> 'items');
    PERFORM write_log_of(me(), v_at, p -> 'log');
END $$;
REVOKE ALL ON FUNCTION write_erasure_request(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION write_erasure_request(jsonb) TO tsunagu_api;
