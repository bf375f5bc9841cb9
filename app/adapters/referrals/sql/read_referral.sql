-- A referral as its party may see it, with the classes that consent covers on the day `p_on`, and
-- those of which the agency was told that they were erased.
CREATE OR REPLACE FUNCTION read_referral(p_agency text, p_referral uuid, p_on date) RETURNS text
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (
        SELECT jsonb_build_object('id', r.id, 'case_id', r.case_id, 'reference', r.reference,
            'flow', r.flow, 'parent', r.parent_id, 'name', q.name, 'since', q.since,
            'until', q.until, 'view', q.view, 'keys', fact_keys(p_agency, p_referral), 'covered', CASE WHEN q.by_consent
                THEN coalesce(covered(p_agency, r.id, p_on), '{}') END,
            'known', known_situation(p_agency, p_referral),
            'erased', (SELECT coalesce(jsonb_agg(e.class), '[]') FROM erasure e
                WHERE e.referral_id = r.id),
            'children', (SELECT coalesce(jsonb_agg(x.id ORDER BY x.opened_at, x.id), '[]')
                FROM referral x JOIN party y ON y.referral_id = x.id
                WHERE x.parent_id = r.id))::text
        FROM party q JOIN referral r ON r.id = q.referral_id
        WHERE q.agency_id = p_agency AND q.referral_id = p_referral);
END $$;
REVOKE ALL ON FUNCTION read_referral(text, uuid, date) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION read_referral(text, uuid, date) TO tsunagu_api;
