-- Write cases. Returns the numbers of those that were not written: the case has changed since it
-- was loaded, or holds a message that was accepted later than this one, or somebody else holds it
-- and `p_wait` is false.
CREATE OR REPLACE FUNCTION write_cases(p jsonb, p_wait boolean) RETURNS integer[]
LANGUAGE plpgsql AS $$
DECLARE
    v_not integer[] := '{}';
    v_case record;
BEGIN
    -- Each by its key: joined as a set, a plan made while the table was small reads all of it for ever.
    FOR v_case IN
        SELECT c.* FROM jsonb_to_recordset(p -> 'cases') AS c (nth integer, id uuid, expected bigint,
            lead text, at timestamptz)
        WHERE c.expected IS NOT NULL ORDER BY c.id
    LOOP
        IF NOT p_wait THEN
            PERFORM FROM "case" WHERE id = v_case.id FOR NO KEY UPDATE SKIP LOCKED;
            IF NOT FOUND THEN
                v_not := v_not || v_case.nth;
                CONTINUE;
            END IF;
        END IF;
        UPDATE "case" SET version = version + 1, lead = v_case.lead, latest_at = v_case.at
        WHERE id = v_case.id AND version = v_case.expected AND latest_at <= v_case.at;
        IF NOT FOUND THEN v_not := v_not || v_case.nth; END IF;
    END LOOP;
    INSERT INTO "case" (id, version, lead, opened_at, latest_at)
    SELECT c.id, 1, c.lead, c.at, c.at
    FROM jsonb_to_recordset(p -> 'cases') AS c (id uuid, expected bigint, lead text, at timestamptz)
    WHERE c.expected IS NULL;
    RETURN v_not;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION write_cases(jsonb, boolean) FROM PUBLIC, tsunagu_api, tsunagu_worker;
