-- Register an endpoint with its sealed secret, and ask it for a proof. Answers false if the agency has twenty. The mailbox
-- is locked while they are counted, so that two calls cannot both pass the limit.
CREATE OR REPLACE FUNCTION add_webhook(p jsonb, p_master integer, p_secret bytea, p_log jsonb)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_at constant timestamptz := (p ->> 'at')::timestamptz;
BEGIN
    PERFORM act_for(p ->> 'agency_id');
    PERFORM FROM mailbox WHERE agency_id = p ->> 'agency_id' FOR UPDATE;
    IF (SELECT count(*) FROM webhook WHERE agency_id = p ->> 'agency_id'
        AND state <> 'deleted') >= 20 THEN RETURN false; END IF;
    INSERT INTO webhook (id, agency_id, client_id, seat_id, url, flows, urgencies, master, secret,
        state, created_at, changed_at)
    SELECT w.id, w.agency_id, w.client_id, w.seat_id, w.url, w.flows, w.urgencies, p_master,
        p_secret, 'active', v_at, v_at
    FROM jsonb_to_record(p) AS w (id uuid, agency_id text, client_id text, seat_id text, url text,
        flows text[], urgencies text[]);
    PERFORM ask_proof((p ->> 'id')::uuid, gen_random_uuid(), v_at);
    PERFORM write_log_of(p ->> 'agency_id', v_at, p_log);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION add_webhook(jsonb, integer, bytea, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION add_webhook(jsonb, integer, bytea, jsonb) TO tsunagu_api;
