-- A page of the agency's seats, or the one with the id `p_only`.
CREATE OR REPLACE FUNCTION list_seats(p_agency text, p_only text, p_after text, p_limit integer)
RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'name', o.name, 'role', o.role,
        'classes', o.classes, 'created_at', o.created_at, 'disabled_at', o.disabled_at)
        ORDER BY o.id), '[]')
    FROM (SELECT * FROM seat s WHERE s.agency_id = p_agency AND (p_only IS NULL OR s.id = p_only)
        AND (p_after IS NULL OR s.id > p_after) ORDER BY s.id LIMIT p_limit) AS o
$$;
REVOKE ALL ON FUNCTION list_seats(text, text, text, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION list_seats(text, text, text, integer) TO tsunagu_api;
