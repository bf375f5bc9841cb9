-- Inbox items for the agencies that know a consent which a message is about to change, and that get
-- no copy of that message, nor of what the service says with it: their list of consents changes.
-- An item names a referral of the agency, preferably that of the consent, or one that goes on. Called
-- before the change.
CREATE OR REPLACE FUNCTION changed_items(p_case uuid, p jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    WITH changing AS MATERIALIZED (
        SELECT c AS consent, c.id, c.referral_id FROM consent c
        WHERE c.case_id = p_case AND (p #> '{vouched,restored}' ? c.id::text
            OR c.withdrawn_on IS NULL AND p #> '{withdrawn,ids}' ? c.id::text
            OR c.claimed AND ((p #> '{vouched,confirmed}') || (p #> '{vouched,refused}'))
                ? c.id::text)
    ), unaware AS MATERIALIZED (
        SELECT a.id, known_consents(a.id, p_case) AS known FROM agency a
        WHERE a.connected AND a.id IN (SELECT q.agency_id FROM referral r
                JOIN party q ON q.referral_id = r.id WHERE r.case_id = p_case AND q.until IS NULL)
            AND a.id NOT IN (SELECT y ->> 'agency_id'
                FROM jsonb_array_elements(p -> 'copies') AS y)
    )
    SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('kind', 'consent.changed',
        'type', 'consent.changed', 'agency_id', u.id, 'referral_id', part.referral_id,
        'urgency', CASE WHEN p ? 'withdrawn' THEN 'urgent' ELSE 'normal' END)), '[]')
    FROM changing k JOIN unaware u ON k.id = ANY (u.known)
    CROSS JOIN LATERAL (
        SELECT q.referral_id FROM referral r JOIN party q ON q.referral_id = r.id
        WHERE r.case_id = p_case AND q.agency_id = u.id AND q.until IS NULL
        ORDER BY q.referral_id = k.referral_id DESC, r.state = 'closed', r.opened_at DESC, r.id
        LIMIT 1) AS part
    WHERE consent_seen_until(u.id, k.consent) = 'infinity'
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION changed_items(uuid, jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
