-- Lock the case of a referral, and return what the decision to erase needs. Null if the agency
-- has no part in it, and for a worker (`p_wait` false) also if the case is locked: the worker
-- tries again later. A copy that was recalled counts with what its reader keeps as evidence.
CREATE OR REPLACE FUNCTION hold_for_erasure(p_agency text, p_referral uuid, p_wait boolean)
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE v_case "case"; r referral;
BEGIN
    IF p_wait AND p_agency IS NOT NULL THEN PERFORM act_for(p_agency); END IF;
    SELECT * INTO r FROM referral WHERE id = p_referral;
    IF NOT FOUND OR p_agency IS NOT NULL AND NOT EXISTS (
        SELECT FROM party WHERE referral_id = p_referral AND agency_id = p_agency) THEN
        RETURN NULL;
    END IF;
    IF p_wait THEN
        SELECT * INTO v_case FROM "case" WHERE id = r.case_id FOR UPDATE;
    ELSE
        SELECT * INTO v_case FROM "case" WHERE id = r.case_id FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN RETURN NULL; END IF;
    END IF;
    SELECT * INTO r FROM referral WHERE id = p_referral;
    RETURN jsonb_build_object('id', r.id, 'case_id', v_case.id, 'lead', v_case.lead,
        'flow', r.flow, 'state', r.state, 'erased', r.erased_classes,
        'holders', (SELECT coalesce(jsonb_agg(DISTINCT h.agency_id), '[]') FROM legal_hold h
            WHERE h.case_id = v_case.id AND hold_binds(h, p_referral)),
        'parties', (SELECT coalesce(jsonb_object_agg(q.agency_id, q.name), '{}')
            FROM party q WHERE q.referral_id = p_referral AND q.until IS NULL),
        'others', (SELECT coalesce(jsonb_agg(o.state), '[]')
            FROM referral o WHERE o.case_id = v_case.id AND o.id <> p_referral),
        'clocks', (SELECT coalesce(jsonb_object_agg(t.rule, t.since), '{}')
            FROM retention t WHERE t.referral_id = p_referral),
        'readers', (SELECT coalesce(jsonb_agg(jsonb_build_object('agency_id', x.agency_id,
                'classes', x.classes, 'connected', a.connected, 'disabled', a.disabled_at IS NOT NULL,
                'relies_on', coalesce(x.relies_on, '{}'), 'referral_id', x.referral_id)
                ORDER BY x.agency_id), '[]')
            FROM (SELECT c.agency_id, array_agg(DISTINCT s.class ORDER BY s.class) AS classes,
                    array_agg(DISTINCT s.class) FILTER (WHERE relies_on_copy(ROW(c.*)::copy, p_agency))
                        AS relies_on,
                    (array_agg(c.referral_id ORDER BY c.referral_id <> p_referral,
                        c.referral_id))[1] AS referral_id
                -- By message: copies of a referral alone would be looked for at each agency.
                FROM message m
                CROSS JOIN LATERAL (SELECT * FROM copy WHERE message_id = m.id OFFSET 0) AS c
                JOIN segment s ON s.message_id = c.message_id AND s.class
                    = ANY (CASE WHEN c.recalled_at IS NULL THEN c.classes ELSE c.kept END)
                WHERE m.referral_id = p_referral
                GROUP BY c.agency_id) AS x
            JOIN agency a ON a.id = x.agency_id),
        'requests', (SELECT coalesce(jsonb_agg(jsonb_build_object('state', e.state,
                'settled_at', e.settled_at) ORDER BY e.requested_at DESC), '[]')
            FROM (SELECT * FROM erasure_request q WHERE q.referral_id = p_referral
                    AND q.agency_id = p_agency
                ORDER BY q.requested_at DESC LIMIT 20) AS e));
END $$;
REVOKE ALL ON FUNCTION hold_for_erasure(text, uuid, boolean)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION hold_for_erasure(text, uuid, boolean) TO tsunagu_api, tsunagu_worker;
