-- Those of these consents that the agency may see.
CREATE OR REPLACE FUNCTION seen_consents(p_agency text, p_case uuid, p_ids uuid[]) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(array_agg(c.id ORDER BY c.id), '{}') FROM consent c
    WHERE c.case_id = p_case AND c.id = ANY (p_ids)
        AND knows_consent(p_agency, c)
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION seen_consents(text, uuid, uuid[]) FROM PUBLIC, tsunagu_api, tsunagu_worker;
