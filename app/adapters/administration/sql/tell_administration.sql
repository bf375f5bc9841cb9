-- Write the log entries and inbox items of an administrative act. Of another agency's seats and
-- clients, only an operator's agency decides. Only the agency concerned reads of it.
CREATE OR REPLACE FUNCTION tell_administration(p_at timestamptz, p jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF me() IS NULL THEN PERFORM act_for(p ->> 'agency_id'); END IF;
    IF me() <> p ->> 'agency_id' THEN PERFORM check_operator(me()); END IF;
    IF EXISTS (
        SELECT jsonb_array_elements_text(e -> 'agencies') FROM jsonb_array_elements(p -> 'log') AS e
        UNION SELECT i ->> 'agency_id' FROM jsonb_array_elements(p -> 'items') AS i
        EXCEPT VALUES (p ->> 'agency_id'), (CASE WHEN p ->> 'act' LIKE 'agency.%'
            THEN p ->> 'target' END))
    THEN
        RAISE EXCEPTION 'an agency is told what does not concern it'
            USING ERRCODE = 'check_violation';
    END IF;
    IF jsonb_array_length(p -> 'items') > 0 THEN PERFORM deliver(p_at, p -> 'items'); END IF;
    IF jsonb_array_length(p -> 'log') > 0 THEN PERFORM write_log_of(me(), p_at, p -> 'log'); END IF;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION tell_administration(timestamptz, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
