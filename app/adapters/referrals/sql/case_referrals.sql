-- The referrals of a case in which the agency has, or had, a part, as it may see them.
CREATE OR REPLACE FUNCTION case_referrals(p_agency text, p_case uuid) RETURNS text
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(o.shown ORDER BY o.since, o.id), '[]')::text FROM (
        SELECT q.since, r.id, jsonb_build_object('id', r.id, 'case_id', r.case_id,
            'reference', r.reference, 'flow', q.flow, 'state', q.state, 'party', q.name,
            'until', q.until, 'lead', q.view -> 'lead', 'version', q.number,
            'updated_at', q.updated_at) AS shown
        FROM referral r JOIN party q ON q.referral_id = r.id AND q.agency_id = p_agency
        WHERE r.case_id = p_case) AS o);
END $$;
REVOKE ALL ON FUNCTION case_referrals(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION case_referrals(text, uuid) TO tsunagu_api;
