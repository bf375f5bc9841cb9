-- The consents on which rests what a copy received at a moment: what a consent added then, or else
-- all but those that were added later.
CREATE OR REPLACE FUNCTION rests_at(c copy, p_at timestamptz) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(
        (SELECT ARRAY(SELECT jsonb_array_elements_text(n -> 'rests_on')::uuid)
        FROM jsonb_array_elements(c.completions) AS n WHERE (n ->> 'at')::timestamptz = p_at
        LIMIT 1),
        ARRAY(SELECT unnest(c.rests_on) EXCEPT SELECT jsonb_array_elements_text(n -> 'new')::uuid
            FROM jsonb_array_elements(c.completions) AS n WHERE (n ->> 'at')::timestamptz > p_at))
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION rests_at(copy, timestamptz) FROM PUBLIC, tsunagu_api, tsunagu_worker;
