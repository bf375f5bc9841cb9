-- Write the answer to a request, or that it has lapsed, and notify both sides.
CREATE OR REPLACE FUNCTION settle_recall_request(p jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_at constant timestamptz := (p ->> 'at')::timestamptz; x recall_request;
BEGIN
    UPDATE recall_request SET state = p ->> 'state', settled_at = v_at,
        settled_by = p ->> 'settled_by', refusal_reason = p ->> 'refusal_reason'
    WHERE id = (p ->> 'id')::uuid AND state = 'open' RETURNING * INTO x;
    PERFORM act_for_unless_worker(x.recipient_agency);
    PERFORM deliver(v_at, p -> 'items');
    PERFORM write_log_of(x.recipient_agency, v_at, p -> 'log');
    RETURN to_jsonb(x);
END $$;
REVOKE ALL ON FUNCTION settle_recall_request(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION settle_recall_request(jsonb) TO tsunagu_api, tsunagu_worker;
