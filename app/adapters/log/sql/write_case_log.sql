-- Write log entries of what the agency of this transaction, or nobody, did in a case: only of this
-- case, and only for agencies that have a part in it or hold a copy of one of its messages, in
-- whichever case they have it. The same is asked of the inbox items that its caller delivers.
CREATE OR REPLACE FUNCTION write_case_log(p_case uuid, p_at timestamptz, p jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM jsonb_array_elements(p -> 'log') AS e
        WHERE (e ->> 'case_id')::uuid IS DISTINCT FROM p_case)
    OR EXISTS (
        SELECT jsonb_array_elements_text(e -> 'agencies') FROM jsonb_array_elements(p -> 'log') AS e
        UNION SELECT i ->> 'agency_id' FROM jsonb_array_elements(p -> 'items') AS i
        EXCEPT (
            SELECT q.agency_id FROM party q JOIN referral r ON r.id = q.referral_id
            WHERE r.case_id = p_case
            UNION SELECT c.agency_id FROM copy c JOIN referral r ON r.id = c.message_referral_id
            WHERE r.case_id = p_case)
    ) THEN
        RAISE EXCEPTION 'a log entry or an inbox item is of another case, or for a stranger to it'
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM write_log_of(me(), p_at, p -> 'log');
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION write_case_log(uuid, timestamptz, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
