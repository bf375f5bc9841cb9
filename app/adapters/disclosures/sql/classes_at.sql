-- The classes that a copy had at a moment, before later consents added to it.
CREATE OR REPLACE FUNCTION classes_at(c copy, p_at timestamptz) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT ARRAY(SELECT unnest(c.classes) EXCEPT
        SELECT jsonb_array_elements_text(n -> 'classes')
        FROM jsonb_array_elements(c.completions) AS n WHERE (n ->> 'at')::timestamptz > p_at
        ORDER BY 1)
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION classes_at(copy, timestamptz) FROM PUBLIC, tsunagu_api, tsunagu_worker;
