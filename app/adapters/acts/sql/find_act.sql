-- An act by its id, of whichever agency: to tell a repeated proposal from an id that is in use.
CREATE OR REPLACE FUNCTION find_act(p_id uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT to_jsonb(a) FROM act a WHERE a.id = p_id
$$;
REVOKE ALL ON FUNCTION find_act(uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION find_act(uuid) TO tsunagu_api;
