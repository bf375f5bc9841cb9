-- Write how an act ended, with log entries and inbox items.
CREATE OR REPLACE FUNCTION settle_act(p jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_at constant timestamptz := (p ->> 'at')::timestamptz; v_agency text;
BEGIN
    UPDATE act SET state = p ->> 'state', decided_at = v_at, decided_by = p ->> 'decided_by',
        outcome = p -> 'outcome'
    WHERE id = (p ->> 'id')::uuid RETURNING agency_id INTO v_agency;
    PERFORM act_for_unless_worker(v_agency);
    IF jsonb_array_length(p -> 'items') > 0 THEN PERFORM deliver(v_at, p -> 'items'); END IF;
    PERFORM write_log_of(v_agency, v_at, p -> 'log');
END $$;
REVOKE ALL ON FUNCTION settle_act(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION settle_act(jsonb) TO tsunagu_api, tsunagu_worker;
