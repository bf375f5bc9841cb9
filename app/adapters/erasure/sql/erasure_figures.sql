-- Figures for the metrics: how much was erased, how much is due, whether any is late. Counts
-- stop at `p_most`.
CREATE OR REPLACE FUNCTION erasure_figures(p_due jsonb, p_late jsonb, p_most integer) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object(
        'erasures', (SELECT coalesce(jsonb_object_agg(t.rule, t.count), '{}')
            FROM erasure_total t),
        'due', (SELECT coalesce(jsonb_object_agg(d.key, (
                SELECT count(*) FROM (SELECT FROM retention t WHERE t.rule = d.key
                    AND t.since <= d.value::date AND NOT t.held LIMIT p_most) AS found)), '{}')
            FROM jsonb_each_text(p_due) AS d),
        'late', EXISTS (SELECT FROM jsonb_each_text(p_late) AS d CROSS JOIN LATERAL (
            SELECT FROM retention t WHERE t.rule = d.key AND t.since <= d.value::date
                AND NOT t.held LIMIT 1) AS found))
$$;
REVOKE ALL ON FUNCTION erasure_figures(jsonb, jsonb, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION erasure_figures(jsonb, jsonb, integer) TO tsunagu_api;
