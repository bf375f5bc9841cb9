-- Set deadlines, and lift those that no longer have to be kept. One whose day changes gets
-- another reminder when that day comes; one that is set anew and was not told is looked at again.
CREATE OR REPLACE FUNCTION write_deadlines(p jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE v_lifted record;
BEGIN
    IF p ? 'deadlines' THEN
        INSERT INTO deadline (referral_id, agency_id, kind, due_on)
        SELECT n.referral_id, n.agency_id, n.kind, n.due_on
        FROM jsonb_to_recordset(p -> 'deadlines') AS n (referral_id uuid, agency_id text,
            kind text, due_on date)
        ON CONFLICT (referral_id, agency_id, kind) DO UPDATE
        SET due_on = excluded.due_on, told_at = NULL, ask_on = NULL
        WHERE deadline.due_on <> excluded.due_on
            OR deadline.told_at IS NULL AND deadline.ask_on IS NOT NULL;
    END IF;
    -- One by one: joined as a set, a plan made while the table was small reads all of it for ever.
    FOR v_lifted IN
        SELECT n.* FROM jsonb_to_recordset(p -> 'lifted') AS n (referral_id uuid, agency_id text,
            kind text)
    LOOP
        DELETE FROM deadline WHERE referral_id = v_lifted.referral_id
            AND agency_id = v_lifted.agency_id AND kind = v_lifted.kind;
    END LOOP;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION write_deadlines(jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
