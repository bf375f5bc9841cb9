-- Set a legal hold. It locks the case, as an erasure does, so that the one that comes first
-- wins. Only a present party holds. One that holds already renews its hold: in its last 30 days,
-- and before that once a month at most. It ends with the day that is given, or after a year, which
-- is the longest. One that has ended is none: another one is set. Returns null if the agency was
-- never a party; otherwise the reason of a refusal, or the case.
CREATE OR REPLACE FUNCTION set_hold(p jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_referral constant uuid := (p ->> 'referral_id')::uuid;
    v_case uuid;
    v_erased boolean;
    v_until timestamptz;
    v_at constant timestamptz := service_time((p ->> 'at')::timestamptz);
    v_ends constant timestamptz := coalesce(
        ((p ->> 'until')::date + 1)::timestamp AT TIME ZONE 'Asia/Tokyo', v_at + interval '1 year');
BEGIN
    PERFORM act_for(p ->> 'agency_id');
    SELECT k.id, q.until INTO v_case, v_until
    FROM referral r JOIN party q ON q.referral_id = r.id JOIN "case" k ON k.id = r.case_id
    WHERE r.id = v_referral AND q.agency_id = p ->> 'agency_id' FOR UPDATE OF k;
    IF NOT FOUND THEN RETURN NULL; END IF;
    IF v_until IS NOT NULL THEN RETURN jsonb_build_object('reason', 'party_ended'); END IF;
    IF v_ends NOT BETWEEN v_at AND v_at + interval '1 year 1 day' THEN
        RETURN jsonb_build_object('reason', 'until_impossible');
    END IF;
    SELECT r.erased_at IS NOT NULL INTO v_erased FROM referral r WHERE r.id = v_referral;
    -- Nothing is left to hold, but for whoever keeps a key with the hold that it renews.
    IF v_erased AND NOT EXISTS (SELECT FROM held_key k JOIN legal_hold h ON h.id = ANY (k.holds)
        WHERE k.referral_id = v_referral AND h.referral_id = v_referral
            AND h.agency_id = p ->> 'agency_id' AND hold_binds(h, v_referral))
    THEN RETURN jsonb_build_object('reason', 'erased'); END IF;
    UPDATE legal_hold SET lifted_at = until WHERE case_id = v_case AND referral_id = v_referral
        AND agency_id = p ->> 'agency_id' AND lifted_at IS NULL AND until <= now();
    INSERT INTO legal_hold (id, agency_id, case_id, referral_id, whole_case, reason, set_at, until)
    VALUES ((p ->> 'act_id')::uuid, p ->> 'agency_id', v_case, v_referral,
        (p ->> 'whole_case')::boolean, p ->> 'reason', v_at, v_ends)
    ON CONFLICT (case_id, referral_id, agency_id) WHERE lifted_at IS NULL DO UPDATE
        SET set_at = excluded.set_at, until = excluded.until, reminded_at = NULL,
            reason = excluded.reason, whole_case = excluded.whole_case
        WHERE legal_hold.set_at < excluded.set_at - interval '30 days'
            OR legal_hold.until < now() + interval '30 days';
    IF NOT FOUND THEN RETURN jsonb_build_object('reason', 'already_held'); END IF;
    RETURN jsonb_build_object('case_id', v_case);
END $$;
REVOKE ALL ON FUNCTION set_hold(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION set_hold(jsonb) TO tsunagu_api;
