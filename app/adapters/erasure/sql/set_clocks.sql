-- Start or reset retention clocks; stop those that come without a day.
CREATE OR REPLACE FUNCTION set_clocks(p jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v record;
BEGIN
    FOR v IN SELECT c.* FROM jsonb_to_recordset(p) AS c (referral_id uuid, rule text, since date)
    LOOP
        IF v.since IS NULL THEN
            DELETE FROM retention WHERE referral_id = v.referral_id AND rule = v.rule;
        ELSE
            INSERT INTO retention (referral_id, rule, since)
            VALUES (v.referral_id, v.rule, v.since)
            ON CONFLICT (referral_id, rule) DO UPDATE SET since = excluded.since, held = false;
        END IF;
    END LOOP;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION set_clocks(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
