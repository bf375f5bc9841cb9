-- Delete the consents of a referral that is erased, when their clock runs and the worker says that its
-- time is over; never under a legal hold.
CREATE OR REPLACE FUNCTION erase_ledger(p jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF is_held((SELECT r.case_id FROM referral r WHERE r.id = (p ->> 'referral_id')::uuid),
        (p ->> 'referral_id')::uuid) THEN
        RAISE EXCEPTION 'a legal hold keeps these consents' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM referral r JOIN retention t ON t.referral_id = r.id
        WHERE r.id = (p ->> 'referral_id')::uuid AND r.erased_at IS NOT NULL AND t.rule = 'ledger'
            AND t.since <= (service_time((p ->> 'at')::timestamptz) AT TIME ZONE 'Asia/Tokyo')::date)
    THEN
        RAISE EXCEPTION 'nothing allows this erasure' USING ERRCODE = 'check_violation';
    END IF;
    DELETE FROM consent WHERE referral_id = (p ->> 'referral_id')::uuid;
    PERFORM set_clocks(p -> 'clocks');
    INSERT INTO erasure_total (rule, count) VALUES (p ->> 'rule', 1)
    ON CONFLICT (rule) DO UPDATE SET count = erasure_total.count + 1;
    PERFORM write_log_of(NULL, (p ->> 'at')::timestamptz, p -> 'log');
END $$;
REVOKE ALL ON FUNCTION erase_ledger(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION erase_ledger(jsonb) TO tsunagu_worker;
