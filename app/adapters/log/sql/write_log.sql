-- Write log entries, and queue them for the sealer.
CREATE OR REPLACE FUNCTION write_log(p_at timestamptz, p_entries jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    WITH written AS (
        INSERT INTO log_entry (id, at, kind, agency_id, seat_id, client_id, case_id, referral_id,
            message_id, agencies, detail)
        SELECT e.id, p_at, e.kind, e.agency_id, e.seat_id, e.client_id, e.case_id, e.referral_id,
            e.message_id, e.agencies, coalesce(e.detail, '{}')
        FROM jsonb_to_recordset(p_entries) AS e (id uuid, kind text, agency_id text, seat_id text,
            client_id text, case_id uuid, referral_id uuid, message_id uuid, agencies text[],
            detail jsonb)
        RETURNING id
    )
    INSERT INTO log_pending SELECT id FROM written;
END $$;
REVOKE ALL ON FUNCTION write_log(timestamptz, jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION write_log(timestamptz, jsonb) TO tsunagu_api;
