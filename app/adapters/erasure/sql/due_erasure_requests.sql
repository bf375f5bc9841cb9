-- Pending requests to erase that can be settled: their time is over, everybody has agreed, it was
-- erased otherwise, or the referral is open and is no mistaken entry, or has messages that are newer
-- than the request. Each of these ends by being settled.
CREATE OR REPLACE FUNCTION due_erasure_requests(p_at timestamptz, p_most integer)
RETURNS TABLE (id uuid, agency_id text, referral_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT e.id, e.agency_id, e.referral_id FROM erasure_request e
    WHERE e.state = 'pending' AND (e.expires_at <= p_at
        OR NOT EXISTS (SELECT FROM erasure_answer a
            WHERE a.request_id = e.id AND a.answer IS DISTINCT FROM 'agreed')
        OR EXISTS (SELECT FROM referral r WHERE r.id = e.referral_id AND r.state <> 'closed'
            AND (e.reason <> 'mistaken_entry' OR EXISTS (SELECT FROM message m
                WHERE m.referral_id = r.id AND m.accepted_at > e.requested_at)))
        OR e.classes <@ (SELECT r.erased_classes FROM referral r WHERE r.id = e.referral_id))
    ORDER BY e.expires_at, e.id LIMIT p_most
$$;
REVOKE ALL ON FUNCTION due_erasure_requests(timestamptz, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION due_erasure_requests(timestamptz, integer) TO tsunagu_worker;
