-- The classes of a consent that were withdrawn for this agency. Called for each class of each
-- consent: its callers have set their search path and run as the owner.
CREATE OR REPLACE FUNCTION taken_back(c consent, p_agency text) RETURNS text[]
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN c.withdrawn_on IS NOT NULL OR c.withdrawn_items
                && ARRAY[p_agency, (SELECT kind FROM agency WHERE id = p_agency)]
        THEN c.classes
        ELSE ARRAY(SELECT unnest(c.classes) INTERSECT SELECT unnest(c.withdrawn_items)) END
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION taken_back(consent, text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
