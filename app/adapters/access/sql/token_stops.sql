-- What was stopped or revoked after a number, for processes that refresh their cache.
CREATE OR REPLACE FUNCTION token_stops(p_after bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object('number', c.stops,
        'stopped', (SELECT coalesce(jsonb_agg(jsonb_build_array(s.kind, s.id, s.times)), '[]')
            FROM token_stop s WHERE s.number > p_after),
        'revoked', (SELECT coalesce(jsonb_agg(jsonb_build_array(r.jti,
                extract(epoch FROM r.expires_at))), '[]')
            FROM revoked_token r WHERE r.number > p_after))::text
    FROM token_clock c
$$;
REVOKE ALL ON FUNCTION token_stops(bigint) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION token_stops(bigint) TO tsunagu_api;
