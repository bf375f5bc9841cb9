-- Lock the case of a request to erase, and return the request with all answers, and the types of
-- what was sent in the referral since, so that it can be answered, withdrawn or settled. Null to an agency that neither asks nor is asked: it never waits.
CREATE OR REPLACE FUNCTION hold_erasure_request(p_agency text, p_id uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE x erasure_request;
BEGIN
    PERFORM act_for(p_agency);
    SELECT * INTO x FROM erasure_request e WHERE e.id = p_id AND (e.agency_id = p_agency
        OR EXISTS (SELECT FROM erasure_answer a
            WHERE a.request_id = e.id AND a.agency_id = p_agency));
    IF NOT FOUND THEN RETURN NULL; END IF;
    PERFORM FROM "case" k JOIN referral r ON r.case_id = k.id
    WHERE r.id = x.referral_id FOR UPDATE OF k;
    SELECT * INTO x FROM erasure_request WHERE id = p_id FOR UPDATE;
    RETURN to_jsonb(x) || jsonb_build_object('sent_since', (
        SELECT coalesce(jsonb_agg(DISTINCT m.type), '[]') FROM message m
        WHERE m.referral_id = x.referral_id AND m.accepted_at > x.requested_at), 'asked', (
        SELECT jsonb_agg(jsonb_build_object('agency_id', a.agency_id,
            'referral_id', a.referral_id, 'answer', a.answer) ORDER BY a.agency_id)
        FROM erasure_answer a WHERE a.request_id = p_id));
END $$;
REVOKE ALL ON FUNCTION hold_erasure_request(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION hold_erasure_request(text, uuid) TO tsunagu_api, tsunagu_worker;
