-- Inbox items about copies that a party may read again, as urgent as the most urgent of them: for
-- the party itself, unless a message of this transaction (`p_items`) reaches it in that referral;
-- for the senders that print them if it is not connected.
CREATE OR REPLACE FUNCTION returned_items(p_party party, p_messages uuid[], p_items jsonb)
RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    WITH returned AS (
        SELECT m.urgency, coalesce(m.caller_agency, m.from_agency) AS sender
        FROM message m WHERE m.id = ANY (p_messages)
    ), item AS (
        SELECT jsonb_build_object('kind', 'consent.copies_returned',
            'type', 'consent.copies_returned', 'referral_id', p_party.referral_id,
            'urgency', CASE WHEN bool_or(urgency = 'same_day') THEN 'same_day'
                WHEN bool_or(urgency = 'urgent') THEN 'urgent' ELSE 'normal' END) AS shown
        FROM returned
    )
    SELECT coalesce(jsonb_agg(item.shown || told.to_whom), '[]')
    FROM item CROSS JOIN agency a CROSS JOIN LATERAL (
        SELECT jsonb_build_object('agency_id', a.id) AS to_whom
        WHERE a.connected AND NOT EXISTS (SELECT FROM jsonb_array_elements(p_items) AS i
            WHERE i ->> 'agency_id' = a.id AND i ->> 'kind' = 'message'
                AND i ->> 'referral_id' = p_party.referral_id::text)
        UNION ALL
        SELECT jsonb_build_object('agency_id', q.agency_id, 'from_party', p_party.name,
            'from_agency', a.id)
        FROM party q JOIN agency b ON b.id = q.agency_id
        WHERE NOT a.connected AND b.connected AND q.referral_id = p_party.referral_id
            AND q.until IS NULL AND q.agency_id IN (SELECT sender FROM returned)) AS told
    WHERE a.id = p_party.agency_id
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION returned_items(party, uuid[], jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
