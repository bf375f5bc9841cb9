-- Figures for the metrics: how many entries wait to be sealed, how old the oldest is, how many
-- are sealed.
CREATE OR REPLACE FUNCTION log_figures(p_at timestamptz)
RETURNS TABLE (unsealed bigint, oldest double precision, sealed bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    -- To the entry while few wait; beyond that, how far apart the ends of the queue are.
    SELECT CASE WHEN w.counted < 10000 THEN w.counted
            ELSE (SELECT max(p.seq) - min(p.seq) + 1 FROM log_pending p) END,
        coalesce((SELECT greatest(extract(epoch FROM p_at - e.at), 0) FROM log_entry e
            WHERE e.id = (SELECT p.entry_id FROM log_pending p ORDER BY p.seq LIMIT 1)), 0),
        (SELECT t.hashed FROM log_tree t)
    FROM (SELECT count(*) AS counted FROM (SELECT FROM log_pending LIMIT 10000) AS p) AS w
$$;
REVOKE ALL ON FUNCTION log_figures(timestamptz) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION log_figures(timestamptz) TO tsunagu_api;
