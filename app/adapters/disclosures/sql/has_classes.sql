-- Those of these classes that the message has.
CREATE OR REPLACE FUNCTION has_classes(p_classes text[], m message) RETURNS text[]
LANGUAGE sql IMMUTABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(array_agg(c ORDER BY c), '{}') FROM unnest(p_classes) AS c
    WHERE m.class_digests ? c
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION has_classes(text[], message) FROM PUBLIC, tsunagu_api, tsunagu_worker;
