-- The classes that the agency had by consents which were withdrawn.
CREATE OR REPLACE FUNCTION lost_classes(p_agency text, p_referral uuid) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT array_agg(DISTINCT class)
    FROM consents_for(p_agency, p_referral) AS c
    CROSS JOIN unnest(taken_back(c, p_agency)) AS class
$$;
REVOKE ALL ON FUNCTION lost_classes(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION lost_classes(text, uuid) TO tsunagu_api;
