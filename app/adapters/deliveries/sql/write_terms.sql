-- Write by when messages have to be acknowledged.
CREATE OR REPLACE FUNCTION write_terms(p jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO delivery_term (message_id, sender, overdue_at, failed_at, next_at)
    SELECT t.message_id, t.sender, t.overdue_at, t.failed_at, t.overdue_at
    FROM jsonb_to_recordset(p -> 'terms') AS t (message_id uuid, sender text,
        overdue_at timestamptz, failed_at timestamptz);
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION write_terms(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
