-- Set anew by when an agency has to acknowledge the copies that it was given back. `p_terms` has
-- the terms by urgency, by event, and the usual ones.
CREATE OR REPLACE FUNCTION write_returned_terms(
    p_at timestamptz, p_agency text, p_messages uuid[], p_terms jsonb
) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO returned_term AS r
        (message_id, agency_id, returned_at, overdue_at, failed_at, next_at)
    SELECT m.id, p_agency, p_at, (t.due ->> 0)::timestamptz, (t.due ->> 1)::timestamptz,
        (t.due ->> 0)::timestamptz
    FROM message m CROSS JOIN LATERAL (SELECT coalesce(p_terms -> m.urgency,
        p_terms -> split_part(m.type, '.', 2), p_terms -> 'usual') AS due) AS t
    WHERE m.id = ANY (p_messages) AND t.due IS NOT NULL
    ORDER BY m.id
    ON CONFLICT (message_id, agency_id) DO UPDATE SET returned_at = excluded.returned_at,
        overdue_at = excluded.overdue_at, failed_at = excluded.failed_at,
        next_at = excluded.next_at
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION write_returned_terms(timestamptz, text, uuid[], jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
