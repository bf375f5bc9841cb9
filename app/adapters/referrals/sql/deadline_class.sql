-- The class of the fact that a deadline of this kind tells.
CREATE OR REPLACE FUNCTION deadline_class(p_kind text) RETURNS text
LANGUAGE sql IMMUTABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE WHEN p_kind IN ('response_due', 'query_due') THEN 'C0' ELSE 'C4' END
$$;
REVOKE ALL ON FUNCTION deadline_class(text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION deadline_class(text) TO tsunagu_api;
