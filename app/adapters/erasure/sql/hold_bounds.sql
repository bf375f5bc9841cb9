-- Who may be told that a legal hold keeps a referral from being erased, and since and until when: of
-- all holds together, so that it does not say how many there are or whose. Null if the agency is no
-- party of the referral; its caller decides whether it is one that is told.
CREATE OR REPLACE FUNCTION hold_bounds(p_agency text, p_referral uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object('flow', r.flow, 'part', q.name, 'leads', k.lead = p_agency,
        'since', b.since, 'until', b.until)
    FROM party q JOIN referral r ON r.id = q.referral_id JOIN "case" k ON k.id = r.case_id
    CROSS JOIN LATERAL (SELECT min(h.set_at) AS since, max(h.until) AS until FROM legal_hold h
        WHERE h.case_id = k.id AND hold_binds(h, p_referral)) AS b
    WHERE q.referral_id = p_referral AND q.agency_id = p_agency AND q.until IS NULL
$$;
REVOKE ALL ON FUNCTION hold_bounds(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION hold_bounds(text, uuid) TO tsunagu_api;
