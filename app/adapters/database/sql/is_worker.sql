-- Whether the worker calls, or the owner, who may do whatever the worker may. It is called by
-- functions that run as the owner, so that `current_user` is the owner; they change neither the
-- session's login nor the role that it has taken on.
CREATE OR REPLACE FUNCTION is_worker() RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT caller = current_user OR pg_has_role(caller, 'tsunagu_worker', 'USAGE')
    FROM coalesce(nullif(current_setting('role'), 'none'), session_user) AS caller
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION is_worker() FROM PUBLIC, tsunagu_api, tsunagu_worker;
