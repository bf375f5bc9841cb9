-- A page of the agency's clients, or the one with the id `p_only`. Of a secret it shows only
-- whether there is one.
CREATE OR REPLACE FUNCTION list_clients(p_agency text, p_only text, p_after text, p_limit integer)
RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'name', o.name,
        'seats', ARRAY(SELECT l.seat_id FROM client_seat l WHERE l.client_id = o.id
            ORDER BY l.position),
        'proof', CASE WHEN o.public_jwk IS NOT NULL THEN 'key'
            WHEN o.secret_hash IS NOT NULL THEN 'secret' ELSE 'none' END,
        'dpop_required', o.dpop_required, 'created_at', o.created_at,
        'disabled_at', o.disabled_at) ORDER BY o.id), '[]')
    FROM (SELECT * FROM client c WHERE c.agency_id = p_agency
        AND (p_only IS NULL OR c.id = p_only) AND (p_after IS NULL OR c.id > p_after)
        ORDER BY c.id LIMIT p_limit) AS o
$$;
REVOKE ALL ON FUNCTION list_clients(text, text, text, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION list_clients(text, text, text, integer) TO tsunagu_api;
