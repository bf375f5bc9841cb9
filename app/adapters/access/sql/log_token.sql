-- Write to the log that a token was issued.
CREATE OR REPLACE FUNCTION log_token(p jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- The agency is the client's, whatever the caller says.
    PERFORM write_log_of((SELECT agency_id FROM client WHERE id = p ->> 'client_id'), (p ->> 'issued_at')::timestamptz, jsonb_build_array(jsonb_build_object(
        'id', p ->> 'jti', 'kind', 'token', 'agency_id', p ->> 'agency_id',
        'seat_id', p ->> 'seat_id', 'client_id', p ->> 'client_id',
        'agencies', jsonb_build_array(p ->> 'agency_id'),
        'detail', jsonb_build_object('role', p -> 'role', 'scopes', p -> 'scopes',
            'method', p -> 'method', 'expires_at', p -> 'expires_at'))));
END $$;
REVOKE ALL ON FUNCTION log_token(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION log_token(jsonb) TO tsunagu_api;
