-- Release leased notices that were not attempted, as if they had never been leased.
CREATE OR REPLACE FUNCTION release_notices(p_ids uuid[], p_lease timestamptz[]) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT hold_notices(p_ids);
    UPDATE notice n SET leased_until = NULL, attempts = n.attempts - 1
    FROM unnest(p_ids, p_lease) AS r (id, lease)
    WHERE n.id = r.id AND n.state = 'pending' AND n.leased_until = r.lease
$$;
REVOKE ALL ON FUNCTION release_notices(uuid[], timestamptz[])
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION release_notices(uuid[], timestamptz[]) TO tsunagu_worker;
