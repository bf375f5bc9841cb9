-- Write log entries, and queue them for the sealer. An entry without a time of its own has `p_at`.
-- Their time is that of the transaction, give or take what clocks and waiting explain: a minute
-- that the latest time of a mailbox may be ahead, the two seconds between the clocks of two
-- machines, and the transaction itself. Where the service's clock is moved for development or
-- tests, the owner has switched this off in `service_clock`. The error is one that passes: a clock
-- is put right, and a case that holds a time to come, which nothing in it may precede, can be
-- written to again when that has come.
CREATE OR REPLACE FUNCTION write_log(p_at timestamptz, p_entries jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM jsonb_to_recordset(p_entries) AS e (at timestamptz)
            WHERE coalesce(e.at, p_at) BETWEEN now() - interval '1 minute'
                AND now() + interval '65 seconds' IS NOT TRUE)
        AND NOT EXISTS (SELECT FROM service_clock WHERE NOT checked) THEN
        RAISE EXCEPTION 'a log entry has another time than its transaction'
            USING ERRCODE = 'TS001';
    END IF;
    WITH written AS (
        INSERT INTO log_entry (id, at, kind, agency_id, seat_id, client_id, case_id, referral_id,
            message_id, agencies, detail)
        SELECT e.id, coalesce(e.at, p_at), e.kind, e.agency_id, e.seat_id, e.client_id, e.case_id,
            e.referral_id, e.message_id, e.agencies, coalesce(e.detail, '{}')
        FROM jsonb_to_recordset(p_entries) AS e (id uuid, kind text, agency_id text, seat_id text,
            client_id text, case_id uuid, referral_id uuid, message_id uuid, agencies text[],
            detail jsonb, at timestamptz)
        RETURNING id
    )
    INSERT INTO log_pending SELECT id FROM written;
END $$;
-- Called by other functions, and by the owner's commands.
REVOKE ALL ON FUNCTION write_log(timestamptz, jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
