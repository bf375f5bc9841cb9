-- Write an answer to a request to erase, or what became of it, or both. The case is locked.
CREATE OR REPLACE FUNCTION settle_erasure_request(p jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_at constant timestamptz := (p ->> 'at')::timestamptz; v_id constant uuid := (p ->> 'id')::uuid;
BEGIN
    PERFORM act_for_unless_worker(p ->> 'agency_id');
    IF p ->> 'answer' IS NOT NULL THEN
        UPDATE erasure_answer SET answer = p ->> 'answer', answered_at = v_at,
            answered_by = p ->> 'seat_id'
        WHERE request_id = v_id AND agency_id = p ->> 'agency_id';
    END IF;
    IF p ->> 'state' IS NOT NULL THEN
        -- Whoever asked withdraws, one of the asked objects; what else comes of it is the worker's.
        IF NOT (is_worker() OR CASE p ->> 'state'
            WHEN 'withdrawn' THEN EXISTS (
                SELECT FROM erasure_request WHERE id = v_id AND agency_id = me())
            WHEN 'objected' THEN EXISTS (SELECT FROM erasure_answer
                WHERE request_id = v_id AND agency_id = me() AND answer = 'objected')
            ELSE false END) THEN
            RAISE EXCEPTION 'this agency does not end this request'
                USING ERRCODE = 'check_violation';
        END IF;
        UPDATE erasure_request SET state = p ->> 'state', settled_at = v_at,
            outcome = p ->> 'outcome'
        WHERE id = v_id AND state = 'pending';
    END IF;
    IF jsonb_array_length(p -> 'items') > 0 THEN PERFORM deliver(v_at, p -> 'items'); END IF;
    PERFORM write_log_of(p ->> 'agency_id', v_at, p -> 'log');
END $$;
REVOKE ALL ON FUNCTION settle_erasure_request(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION settle_erasure_request(jsonb) TO tsunagu_api, tsunagu_worker;
