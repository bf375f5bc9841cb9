-- Every consent that was given for disclosure to this agency in this referral, in force or not.
-- A claim that nobody confirmed was never given.
CREATE OR REPLACE FUNCTION consents_for(p_agency text, p_referral uuid) RETURNS SETOF consent
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE above AS (
        SELECT r.id, r.parent_id FROM referral r WHERE r.id = p_referral
        UNION ALL
        SELECT r.id, r.parent_id FROM referral r JOIN above a ON r.id = a.parent_id
    )
    SELECT c.* FROM above a JOIN consent c ON c.referral_id = a.id
    JOIN referral here ON here.id = p_referral
    WHERE serves(c.purpose, here.flow) AND NOT c.claimed
        AND c.recipients && ARRAY[p_agency, (SELECT kind FROM agency WHERE id = p_agency)]
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION consents_for(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
