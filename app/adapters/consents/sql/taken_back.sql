-- The classes of a consent that were withdrawn as far as this agency is concerned.
CREATE OR REPLACE FUNCTION taken_back(c consent, p_agency text) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE WHEN c.withdrawn_on IS NOT NULL OR c.withdrawn_items
                && ARRAY[p_agency, (SELECT kind FROM agency WHERE id = p_agency)]
        THEN c.classes
        ELSE ARRAY(SELECT unnest(c.classes) INTERSECT SELECT unnest(c.withdrawn_items)) END
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION taken_back(consent, text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
