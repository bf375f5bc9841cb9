-- The last requests to erase a referral, or what the agency reads through it, that the agency has made
-- or was sent, newest first; or the one of this id. Those that wait are among them, whoever has made
-- many since. An agency that was asked is told how a request
-- ended as far as this says nothing of the others that were.
CREATE OR REPLACE FUNCTION list_erasure_requests(p_agency text, p_referral uuid, p_id uuid)
RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(to_jsonb(o) ORDER BY o.requested_at DESC, o.id), '[]')
        FROM (SELECT e.id, coalesce(a.referral_id, e.referral_id) AS referral_id, e.agency_id,
                e.reason, e.classes, e.requested_at, e.expires_at, e.settled_at,
                CASE WHEN e.agency_id = p_agency OR e.state IN ('pending', 'erased')
                    OR e.state = a.answer THEN e.state ELSE 'ended' END AS state,
                CASE WHEN e.agency_id = p_agency THEN e.outcome END AS outcome,
                a.request_id IS NOT NULL AS asked, a.answer
            FROM erasure_request e LEFT JOIN erasure_answer a ON a.request_id = e.id
            WHERE (p_id IS NULL OR e.id = p_id) AND (p_referral IS NULL
                OR coalesce(a.referral_id, e.referral_id) = p_referral)
            ORDER BY e.state <> 'pending', e.requested_at DESC, e.id LIMIT 20) AS o);
END $$;
REVOKE ALL ON FUNCTION list_erasure_requests(text, uuid, uuid)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION list_erasure_requests(text, uuid, uuid) TO tsunagu_api;
