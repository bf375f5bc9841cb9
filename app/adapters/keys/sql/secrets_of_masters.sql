-- A batch of sealed secrets of endpoints that these master keys wrap, after a primary key.
CREATE OR REPLACE FUNCTION secrets_of_masters(
    p_masters integer[], p_after uuid, p_previous boolean, p_most integer
) RETURNS TABLE (id uuid, previous boolean, master integer, sealed bytea)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT * FROM (
        SELECT w.id, false AS previous, w.master, w.secret FROM webhook w
        WHERE w.master = ANY (p_masters)
        UNION ALL
        SELECT w.id, true, w.old_master, w.old_secret FROM webhook w
        WHERE w.old_master = ANY (p_masters)
    ) AS s
    WHERE (s.id, s.previous) > (p_after, p_previous) ORDER BY s.id, s.previous LIMIT p_most
$$;
REVOKE ALL ON FUNCTION secrets_of_masters(integer[], uuid, boolean, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION secrets_of_masters(integer[], uuid, boolean, integer) TO tsunagu_worker;
