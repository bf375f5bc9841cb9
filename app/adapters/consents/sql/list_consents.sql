-- A page of the consents of a case that the agency was told of, as it was when its part ended. A
-- referral in which the agency has no part is not named, and a message is named only to agencies
-- that may read it.
CREATE OR REPLACE FUNCTION list_consents(
    p_agency text, p_case uuid, p_after date, p_after_id uuid, p_limit integer
) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM act_for(p_agency);
    IF NOT EXISTS (SELECT FROM referral r JOIN party q ON q.referral_id = r.id
                   WHERE r.case_id = p_case AND q.agency_id = p_agency) THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT coalesce(jsonb_agg(o.shown ORDER BY o.valid_from, o.id), '[]')::text FROM (
        SELECT c.valid_from, c.id, jsonb_build_object('id', c.id,
            'referral_id', CASE WHEN k.here IS NOT NULL THEN c.referral_id END,
            'purpose', c.purpose, 'recipients', c.recipients, 'classes', c.classes,
            'valid_from', c.valid_from, 'valid_until', c.valid_until,
            'withdrawn_on', CASE WHEN w.accepted_at <= k.until THEN s.withdrawn_on END,
            'withdrawn_items', ARRAY(
                SELECT t.item FROM unnest(s.withdrawn_items, s.taken_by)
                    WITH ORDINALITY AS t (item, taken_by, place)
                JOIN message b ON b.id = t.taken_by
                WHERE b.accepted_at <= k.until ORDER BY t.place),
            'recorded_in', (SELECT y.message_id FROM copy y
                WHERE y.agency_id = p_agency AND y.message_id = c.message_id),
            'withdrawn_in', (SELECT y.message_id FROM copy y
                WHERE y.agency_id = p_agency AND y.message_id = (
                    SELECT b.id FROM message b
                    WHERE b.id = ANY (s.taken_by || s.withdrawn_by) AND b.accepted_at <= k.until
                    ORDER BY b.accepted_at DESC, b.id = s.withdrawn_by DESC LIMIT 1)),
            'claimed', s.claimed,
            'recorded_by', CASE WHEN k.here IS NOT NULL THEN c.recorded_by END,
            'confirmed_in', (SELECT y.message_id FROM copy y
                WHERE y.agency_id = p_agency AND y.message_id = s.confirmed_by),
            'counts_in', CASE WHEN s.claimed THEN '[]' ELSE counting(c, p_agency) END) AS shown
        FROM consent c
        JOIN message m ON m.id = c.message_id
        LEFT JOIN party q ON q.referral_id = c.referral_id AND q.agency_id = p_agency
        CROSS JOIN LATERAL (SELECT q.referral_id AS here,
            consent_seen_until(p_agency, c) AS until) AS k
        CROSS JOIN LATERAL consent_as_of(c, k.until) AS s
        LEFT JOIN message w ON w.id = s.withdrawn_by
        WHERE c.case_id = p_case AND knows_consent(p_agency, c) AND m.accepted_at <= k.until
            AND (p_after IS NULL OR (c.valid_from, c.id) > (p_after, p_after_id))
        ORDER BY c.valid_from, c.id LIMIT p_limit) AS o);
END $$;
REVOKE ALL ON FUNCTION list_consents(text, uuid, date, uuid, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION list_consents(text, uuid, date, uuid, integer) TO tsunagu_api;
