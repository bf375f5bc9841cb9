-- Whether the worker calls, or the owner, who may do whatever the worker may. Functions of the owner
-- change `current_user`, but neither the session's login nor the role that it has taken on.
CREATE OR REPLACE FUNCTION is_worker() RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT pg_has_role(coalesce(nullif(current_setting('role'), 'none'), session_user),
        'tsunagu_worker', 'USAGE')
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION is_worker() FROM PUBLIC, tsunagu_api, tsunagu_worker;
