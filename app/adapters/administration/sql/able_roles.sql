-- Which of the roles that an agency cannot be without it has: those with a seat that is enabled, and
-- for which an enabled client speaks.
CREATE OR REPLACE FUNCTION able_roles(p_agency text) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT s.role), '{}')
    FROM seat s JOIN client_seat l ON l.seat_id = s.id JOIN client c ON c.id = l.client_id
    WHERE s.agency_id = p_agency AND s.role IN ('decider', 'records_officer')
        AND s.disabled_at IS NULL AND c.disabled_at IS NULL
        AND coalesce(c.secret_hash, c.public_jwk::text) IS NOT NULL
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION able_roles(text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
