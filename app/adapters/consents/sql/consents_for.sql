-- Every consent that was given for disclosure to this agency in this referral, in force or not.
-- A claim that nobody confirmed was never given. Rows are looked up by their keys, as in `covered`.
CREATE OR REPLACE FUNCTION consents_for(p_agency text, p_referral uuid) RETURNS SETOF consent
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE above AS (
        SELECT r.id, r.parent_id FROM referral r WHERE r.id = p_referral
        UNION ALL
        SELECT r.id, r.parent_id FROM above a
        CROSS JOIN LATERAL (SELECT * FROM referral WHERE id = a.parent_id OFFSET 0) AS r
    )
    SELECT c.* FROM above a
    CROSS JOIN LATERAL (SELECT * FROM consent WHERE referral_id = a.id OFFSET 0) AS c
    JOIN referral here ON here.id = p_referral
    WHERE serves(c.purpose, here.flow) AND NOT c.claimed
        AND c.recipients && ARRAY[p_agency, (SELECT kind FROM agency WHERE id = p_agency)]
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION consents_for(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
