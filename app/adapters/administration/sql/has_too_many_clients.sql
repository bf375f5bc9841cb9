-- Whether more clients of an agency are enabled than it may have. The caller holds the agency's row, so
-- that two changes at once do not both find room.
CREATE OR REPLACE FUNCTION has_too_many_clients(p_agency text) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT count(*) > (nullif(current_setting('app.limits', true), '')::jsonb ->> 'clients')::integer
    FROM client WHERE agency_id = p_agency AND disabled_at IS NULL
$$;
-- Called by other functions, and by the owner's commands.
REVOKE ALL ON FUNCTION has_too_many_clients(text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
