-- A page of the agency's referrals, the ones updated last first. Each is looked up by its id, in a
-- query of its own: joined, all of them would be read and sorted.
CREATE OR REPLACE FUNCTION list_referrals(
    p_agency text, p_flow text, p_state text, p_updated_after timestamptz, p_before timestamptz,
    p_before_id uuid, p_limit integer
) RETURNS text
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(o.shown ORDER BY o.updated_at DESC, o.id DESC), '[]')::text
    FROM (
        SELECT q.updated_at, r.id, jsonb_build_object('id', r.id, 'case_id', r.case_id,
            'reference', r.reference, 'flow', q.flow, 'state', q.state, 'party', q.name,
            'until', q.until, 'lead', q.view -> 'lead', 'version', q.number,
            'updated_at', q.updated_at) AS shown
        FROM party q CROSS JOIN LATERAL (SELECT id, case_id, reference FROM referral
            WHERE id = q.referral_id OFFSET 0) AS r
        WHERE q.agency_id = p_agency
            AND (p_flow IS NULL OR q.flow = p_flow) AND (p_state IS NULL OR q.state = p_state)
            AND (p_updated_after IS NULL OR q.updated_at > p_updated_after)
            AND (p_before IS NULL OR (q.updated_at, q.referral_id) < (p_before, p_before_id))
        ORDER BY q.updated_at DESC, q.referral_id DESC LIMIT p_limit) AS o);
END $$;
REVOKE ALL ON FUNCTION list_referrals(text, text, text, timestamptz, timestamptz, uuid, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION list_referrals(text, text, text, timestamptz, timestamptz, uuid, integer)
    TO tsunagu_api;
