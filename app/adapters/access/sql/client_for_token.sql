-- What the token endpoint needs of a client: its secret's hash or its public key, its seats, and
-- how often it, its agency and its seats were stopped.
CREATE OR REPLACE FUNCTION client_for_token(p_client text)
RETURNS TABLE (
    client_id text, agency_id text, secret_hash text, public_jwk jsonb, disabled boolean,
    agency_disabled boolean, seats jsonb, dpop_required boolean, stops integer
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT c.id, c.agency_id, c.secret_hash, c.public_jwk, c.disabled_at IS NOT NULL,
        a.disabled_at IS NOT NULL,
        (SELECT jsonb_agg(jsonb_build_object('id', s.id, 'role', s.role, 'classes', s.classes,
                'disabled', s.disabled_at IS NOT NULL, 'stops', times_stopped('seat', s.id))
                ORDER BY l.position)
         FROM client_seat l JOIN seat s ON s.id = l.seat_id WHERE l.client_id = c.id),
        c.dpop_required, times_stopped('client', c.id) + times_stopped('agency', a.id)
    FROM client c JOIN agency a ON a.id = c.agency_id WHERE c.id = p_client
$$;
REVOKE ALL ON FUNCTION client_for_token(text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION client_for_token(text) TO tsunagu_api;
