-- The agency's endpoints, or the one with the id `p_id`. Never their secrets.
CREATE OR REPLACE FUNCTION list_webhooks(p_agency text, p_id uuid) RETURNS text
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('id', w.id, 'url', w.url,
        'flows', w.flows, 'urgencies', w.urgencies,
        'state', CASE WHEN w.state = 'active' AND w.challenge IS NOT NULL THEN 'unconfirmed'
            ELSE w.state END,
        'reason', CASE WHEN w.state = 'active' AND w.challenge IS NOT NULL THEN
            (SELECT 'no_proof' FROM notice c WHERE c.id = w.challenge AND c.state <> 'pending')
            ELSE w.reason END,
        'created_at', w.created_at, 'changed_at', w.changed_at, 'seat_id', w.seat_id,
        'client_id', w.client_id, 'failures', w.failures, 'failing_since', w.failing_since,
        'succeeded_at', w.succeeded_at, 'old_secret_until', w.old_until,
        'pending', p.pending, 'oldest_pending', p.oldest) ORDER BY w.created_at, w.id), '[]')::text
    FROM webhook w CROSS JOIN LATERAL (
        SELECT count(*) AS pending, min(n.created_at) AS oldest FROM notice n
        WHERE n.webhook_id = w.id AND n.state = 'pending' AND n.position > 0) AS p
    WHERE w.state <> 'deleted' AND (p_id IS NULL OR w.id = p_id));
END $$;
REVOKE ALL ON FUNCTION list_webhooks(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION list_webhooks(text, uuid) TO tsunagu_api;
