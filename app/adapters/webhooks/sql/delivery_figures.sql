-- Figures for the metrics: endpoints, attempts, waiting notices, and how late the latest is.
CREATE OR REPLACE FUNCTION delivery_figures(p_at timestamptz) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object(
        'webhooks', (SELECT coalesce(jsonb_object_agg(s.state, s.count), '{}') FROM (
            SELECT CASE WHEN state = 'active' AND challenge IS NOT NULL THEN 'unconfirmed'
                ELSE state END AS state, count(*)
            FROM webhook WHERE state <> 'deleted' GROUP BY 1) AS s),
        'failing', (SELECT count(*) FROM webhook
            WHERE state = 'active' AND failures >= 3),
        'attempts', (SELECT coalesce(jsonb_object_agg(outcome, count), '{}') FROM attempt_total),
        'pending', count(*), 'due', count(*) FILTER (WHERE n.due_at <= p_at),
        'oldest', coalesce(extract(epoch FROM p_at - min(n.created_at)), 0),
        'late', coalesce(extract(epoch FROM p_at - min(n.due_at) FILTER (WHERE n.due_at <= p_at
            AND w.failures < 3 AND (n.leased_until IS NULL OR n.leased_until <= p_at))), 0)
    )::text
    FROM notice n JOIN webhook w ON w.id = n.webhook_id
    WHERE n.state = 'pending' AND w.state = 'active' AND w.challenge IS NULL
$$;
REVOKE ALL ON FUNCTION delivery_figures(timestamptz) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION delivery_figures(timestamptz) TO tsunagu_api;
