-- The whole case that a message belongs to, so that it can be decided on. A decision also depends
-- on what the sender must not see. Returns null to an agency that is no party, and the first answer
-- if the agency's message was accepted before. `p_hold` locks the case.
CREATE OR REPLACE FUNCTION load_case(
    p_agency text, p_message uuid, p_referral uuid, p_pointed uuid[], p_hold boolean
) RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_case "case"; v_repeat jsonb; v_known uuid[];
BEGIN
    SELECT c.* INTO v_case FROM referral r JOIN "case" c ON c.id = r.case_id
    WHERE r.id = p_referral;
    -- A stranger never waits for the case: how long that takes would tell that it exists.
    IF p_hold AND EXISTS (
        SELECT FROM party WHERE referral_id = p_referral AND agency_id = p_agency
    ) THEN
        SELECT c.* INTO v_case FROM "case" c WHERE c.id = v_case.id FOR UPDATE;
    END IF;
    v_repeat := find_repeat(p_message);
    -- The id of another agency's message is treated as a new one: nobody learns here that it exists.
    IF v_repeat ->> 'caller_agency' = p_agency THEN
        RETURN jsonb_build_object('repeat', v_repeat);
    END IF;
    IF NOT EXISTS (SELECT FROM party
                   WHERE referral_id = p_referral AND agency_id = p_agency) THEN
        RETURN NULL;
    END IF;
    v_known := known_consents(p_agency, v_case.id);
    RETURN jsonb_build_object(
        'id', v_case.id, 'version', v_case.version, 'lead', v_case.lead,
        'latest_at', v_case.latest_at,
        'latest_in_mailboxes', latest_in_mailboxes(p_agency || ARRAY(
            SELECT q.agency_id FROM referral r JOIN party q ON q.referral_id = r.id
            WHERE r.case_id = v_case.id AND q.until IS NULL)),
        'referrals', (
            SELECT jsonb_agg(jsonb_build_object('id', r.id, 'flow', r.flow, 'state', r.state,
                'reference', r.reference,
                'back', r.back, 'stops', r.stops, 'facts', r.facts, 'parent', r.parent_id,
                'erased', r.erased_classes,
                'keys', (SELECT coalesce(jsonb_object_agg(k.class, jsonb_build_array(k.master,
                    encode(k.wrapped, 'hex'))), '{}') FROM referral_key k
                    WHERE k.referral_id = r.id),
                'parties', (SELECT jsonb_agg(jsonb_build_object('name', q.name,
                    'agency_id', q.agency_id, 'since', q.since, 'until', q.until, 'view', q.view)
                    ORDER BY q.since, q.agency_id) FROM party q WHERE q.referral_id = r.id)))
            FROM referral r WHERE r.case_id = v_case.id),
        'consents', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'referral_id', c.referral_id,
                'purpose', c.purpose, 'recipients', c.recipients, 'classes', c.classes,
                'valid_from', c.valid_from, 'valid_until', c.valid_until,
                'withdrawn_on', c.withdrawn_on, 'withdrawn_items', c.withdrawn_items,
                'taken_by', c.taken_by, 'withdrawn_by', c.withdrawn_by,
                'recorded_by', c.recorded_by, 'claimed', c.claimed,
                'known', c.id = ANY (v_known))), '[]')
            FROM consent c WHERE c.case_id = v_case.id),
        'references', CASE WHEN cardinality(p_pointed) = 0 THEN '[]' ELSE (
            SELECT coalesce(jsonb_agg(jsonb_build_object('id', m.id, 'referral_id', m.referral_id,
                'type', m.type, 'digest', m.digest, 'from_agency', m.from_agency,
                'classes', (SELECT jsonb_agg(s.class) FROM segment s WHERE s.message_id = m.id),
                'restated', CASE WHEN m.from_agency = p_agency AND cardinality(m.facts) > 0
                    THEN restated_facts(m) ELSE '{}' END,
                'recalled', EXISTS (SELECT FROM copy z
                    WHERE z.message_id = m.id AND z.recalled_at IS NOT NULL
                        AND p_agency IN (z.agency_id, m.from_agency)),
                'readers', (SELECT jsonb_agg(jsonb_build_object('agency_id', y.agency_id,
                    'party', y.party, 'referral_id', y.referral_id, 'classes', y.classes,
                    'lacking', y.lacking))
                    FROM copy y WHERE y.message_id = m.id AND y.recalled_at IS NULL))), '[]')
            FROM message m JOIN referral r ON r.id = m.referral_id
            WHERE m.id = ANY (p_pointed) AND r.case_id = v_case.id
                AND EXISTS (SELECT FROM copy o
                            WHERE o.message_id = m.id AND o.agency_id = p_agency)) END);
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION load_case(text, uuid, uuid, uuid[], boolean)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
