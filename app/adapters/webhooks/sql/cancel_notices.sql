-- Cancel the waiting notices of a message for an agency. Answers how many.
CREATE OR REPLACE FUNCTION cancel_notices(
    p_agency text, p_message uuid, p_reason text, p_at timestamptz
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_count integer;
BEGIN
    WITH cancelled AS (
        UPDATE notice SET state = 'cancelled', reason = p_reason, settled_at = p_at,
            leased_until = NULL, attempts = attempts + 1
        WHERE agency_id = p_agency AND message_id = p_message AND state = 'pending'
        RETURNING id, attempts, webhook_id, agency_id
    ), written AS (
        INSERT INTO attempt (notice_id, number, webhook_id, agency_id, at, outcome)
        SELECT id, attempts, webhook_id, agency_id, p_at, p_reason FROM cancelled RETURNING 1
    )
    SELECT count(*) INTO v_count FROM written;
    RETURN v_count;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION cancel_notices(text, uuid, text, timestamptz)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
