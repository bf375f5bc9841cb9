-- The classes that consent covers for an agency in a referral on a day: consents of the referral
-- and of those above it, no claims; none while the referral or one above it is suspended. The same
-- rule as in the domain. Rows are looked up by their keys, in queries of their own: joined, all
-- consents there are would be read, since the planner expects a hundred referrals above.
CREATE OR REPLACE FUNCTION covered(p_agency text, p_referral uuid, p_on date) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE above AS (
        SELECT r.id, r.parent_id, r.back || r.state AS states FROM referral r
        WHERE r.id = p_referral
        UNION ALL
        SELECT r.id, r.parent_id, r.back || r.state FROM above a
        CROSS JOIN LATERAL (SELECT * FROM referral WHERE id = a.parent_id OFFSET 0) AS r
    )
    SELECT array_agg(DISTINCT granted) FROM above a
    CROSS JOIN LATERAL (SELECT * FROM consent WHERE referral_id = a.id OFFSET 0) AS c
    CROSS JOIN unnest(c.classes) AS granted
    JOIN referral here ON here.id = p_referral
    WHERE c.withdrawn_on IS NULL AND c.valid_from <= p_on
        AND serves(c.purpose, here.flow)
        AND NOT c.claimed
        AND NOT EXISTS (SELECT FROM above s WHERE 'suspended_consent' = ANY (s.states))
        AND (c.valid_until IS NULL OR c.valid_until >= p_on)
        AND c.recipients && ARRAY[p_agency, (SELECT kind FROM agency WHERE id = p_agency)]
        AND granted <> ALL (taken_back(ROW(c.*)::consent, p_agency))
$$;
REVOKE ALL ON FUNCTION covered(text, uuid, date) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION covered(text, uuid, date) TO tsunagu_api;
