-- Refuse an erasure that nothing allows. The worker erases by a clock that runs, or by a request to
-- which nobody objected and whose time is over, if not all have agreed, and in an open referral only
-- if nothing was sent there since; when the time of a clock is over is the worker's to say. The API erases by an act of a party that is present, where no other
-- agency would lose what it relies on, or by an act of operators. Called with the case locked.
CREATE OR REPLACE FUNCTION check_erasure(p jsonb, p_classes text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_at constant timestamptz := service_time((p ->> 'at')::timestamptz);
    v_allowed boolean;
    r referral;
BEGIN
    SELECT * INTO r FROM referral WHERE id = (p ->> 'referral_id')::uuid;
    v_allowed := CASE
        WHEN is_worker() AND p ->> 'rule' = 'commanded' THEN EXISTS (
            SELECT FROM erasure_request e WHERE e.id = (p ->> 'act_id')::uuid
                AND e.referral_id = r.id AND e.state = 'erased' AND p_classes <@ e.classes
                AND (r.state = 'closed' OR NOT EXISTS (SELECT FROM message m
                    WHERE m.referral_id = r.id AND m.accepted_at > e.requested_at))
                AND NOT EXISTS (SELECT FROM erasure_answer a
                    WHERE a.request_id = e.id AND a.answer = 'objected')
                AND (e.expires_at <= v_at OR NOT EXISTS (SELECT FROM erasure_answer a
                    WHERE a.request_id = e.id AND a.answer IS NULL)))
        WHEN is_worker() THEN (r.state = 'closed' OR p_classes <@ ARRAY['C4']) AND EXISTS (
            SELECT FROM retention t WHERE t.referral_id = r.id AND t.rule = p ->> 'rule'
                AND t.since <= (v_at AT TIME ZONE 'Asia/Tokyo')::date)
        ELSE EXISTS (
            SELECT FROM act c WHERE c.id = (p ->> 'act_id')::uuid AND c.agency_id = me()
                AND CASE c.kind
                    WHEN 'erase' THEN EXISTS (SELECT FROM party q WHERE q.referral_id = r.id
                            AND q.agency_id = c.agency_id AND q.until IS NULL)
                        AND NOT others_lose(r, c.agency_id, p_classes, c.detail ->> 'reason')
                    ELSE EXISTS (SELECT FROM seat s WHERE s.agency_id = c.agency_id
                        AND s.role = 'operator' AND s.disabled_at IS NULL) END)
        END;
    IF v_allowed IS NOT TRUE THEN
        RAISE EXCEPTION 'nothing allows this erasure' USING ERRCODE = 'check_violation';
    END IF;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION check_erasure(jsonb, text[]) FROM PUBLIC, tsunagu_api, tsunagu_worker;
