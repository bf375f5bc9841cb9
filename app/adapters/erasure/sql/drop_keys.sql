-- Delete the keys of these classes of a referral, and write when, why, and by when no backup
-- holds them any more. Nobody opens anything with them from then on. Those under a legal hold are
-- not destroyed yet: a trigger of their table keeps them, so that every way of deletion does.
CREATE OR REPLACE FUNCTION drop_keys(
    p_referral uuid, p_classes text[], p_at timestamptz, p_rule text, p_act uuid,
    p_complete date
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    WITH gone AS (
        DELETE FROM referral_key WHERE referral_id = p_referral AND class = ANY (p_classes)
        RETURNING class
    )
    INSERT INTO erasure (referral_id, class, erased_at, rule, act_id, complete_on)
    SELECT p_referral, class, p_at, p_rule, p_act, p_complete FROM gone
    ON CONFLICT (referral_id, class) DO NOTHING;
    UPDATE referral SET erased_classes = ARRAY(
        SELECT DISTINCT c FROM unnest(erased_classes || p_classes) AS c ORDER BY c)
    WHERE id = p_referral;
    -- One of a kind that there is no more goes with them: nobody could be shown it.
    DELETE FROM deadline WHERE referral_id = p_referral
        AND kind NOT IN (SELECT k.kind FROM deadline_kind k WHERE k.class <> ALL (p_classes));
    INSERT INTO erasure_total (rule, count) VALUES (p_rule, 1)
    ON CONFLICT (rule) DO UPDATE SET count = erasure_total.count + 1;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION drop_keys(uuid, text[], timestamptz, text, uuid, date)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
