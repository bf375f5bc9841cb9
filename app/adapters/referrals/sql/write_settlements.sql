-- Write what the statistics count of settlements. It names no referral.
CREATE OR REPLACE FUNCTION write_settlements(p jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO settlement (center_id, fiscal_year, category, age_bracket, residence_kind)
    SELECT s.center_id, s.fiscal_year, s.category, s.age_bracket, s.residence_kind
    FROM jsonb_to_recordset(p -> 'settlements') AS s (center_id text, fiscal_year integer,
        category text, age_bracket text, residence_kind text);
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION write_settlements(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
