-- A page of the attempts at an endpoint, newest first. Null if there is no such endpoint. Each notice
-- is looked up by its id, in a query of its own: joined, all of them would be read and sorted.
CREATE OR REPLACE FUNCTION list_attempts(
    p_agency text, p_id uuid, p_notice uuid, p_before timestamptz, p_before_notice uuid,
    p_before_number integer, p_limit integer
) RETURNS text
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    IF NOT EXISTS (SELECT FROM webhook w WHERE w.id = p_id AND w.state <> 'deleted') THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT coalesce(jsonb_agg(to_jsonb(o)
        ORDER BY o.at DESC, o.notice_id DESC, o.number DESC), '[]')::text
    FROM (SELECT a.notice_id, a.number, a.at, a.outcome, a.status, a.took_ms,
            encode(a.answer, 'base64') AS answer, n.state, n.position, n.referral_id, n.message_id,
            CASE WHEN n.state = 'pending' THEN n.due_at END AS next_at
        FROM attempt a CROSS JOIN LATERAL (SELECT * FROM notice
            WHERE id = a.notice_id OFFSET 0) AS n
        WHERE a.webhook_id = p_id AND (p_notice IS NULL OR a.notice_id = p_notice)
            AND (p_before IS NULL OR (a.at, a.notice_id, a.number)
                < (p_before, p_before_notice, p_before_number))
        ORDER BY a.at DESC, a.notice_id DESC, a.number DESC LIMIT p_limit) AS o);
END $$;
REVOKE ALL ON FUNCTION list_attempts(text, uuid, uuid, timestamptz, uuid, integer, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION list_attempts(text, uuid, uuid, timestamptz, uuid, integer, integer)
    TO tsunagu_api;
