-- Store a proposed act. The mailbox is locked while waiting acts are counted, so that two proposals
-- cannot both pass the limit. Answers `too_many`, `taken` (the id is in use) or `made`.
CREATE OR REPLACE FUNCTION propose_act(p jsonb, p_most integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_at constant timestamptz := (p ->> 'proposed_at')::timestamptz;
BEGIN
    PERFORM act_for(p ->> 'agency_id');
    IF EXISTS (SELECT FROM seat WHERE id = p ->> 'proposed_by' AND agency_id <> me())
        OR jsonb_array_length(p -> 'log') = 0
        OR EXISTS (SELECT FROM jsonb_array_elements(p -> 'items') AS i
            WHERE i ->> 'agency_id' IS DISTINCT FROM me()) THEN
        RAISE EXCEPTION 'an act is proposed and logged by its agency, which alone is told of it'
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM mailbox WHERE agency_id = p ->> 'agency_id' FOR UPDATE;
    IF (SELECT count(*) FROM act WHERE agency_id = p ->> 'agency_id' AND state = 'proposed'
        AND expires_at > v_at) >= p_most THEN RETURN 'too_many'; END IF;
    INSERT INTO act (id, kind, agency_id, target, detail, proposed_at, proposed_by, expires_at,
        state)
    VALUES ((p ->> 'id')::uuid, p ->> 'kind', p ->> 'agency_id', p ->> 'target', p -> 'detail',
        v_at, p ->> 'proposed_by', (p ->> 'expires_at')::timestamptz, 'proposed')
    ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN RETURN 'taken'; END IF;
    PERFORM deliver(v_at, p -> 'items');
    PERFORM write_log_of(p ->> 'agency_id', v_at, p -> 'log');
    RETURN 'made';
END $$;
REVOKE ALL ON FUNCTION propose_act(jsonb, integer) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION propose_act(jsonb, integer) TO tsunagu_api;
