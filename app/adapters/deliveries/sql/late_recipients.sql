-- The inbox items about recipients who have not acknowledged in time: one for the recipient, one
-- for the sender, if it is a party still. They are about `p_only`, to which its copy was given back
-- later; or about all that have no term of their own.
CREATE OR REPLACE FUNCTION late_recipients(p_term delivery_term, p_only text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    WITH late AS (
        SELECT r.agency_id, r.party, i.to_print, a.disabled_at IS NOT NULL AS disabled,
            jsonb_build_object('referral_id', m.referral_id, 'message_id', m.id, 'type', m.type,
                'urgency', m.urgency, 'kind', CASE WHEN p_term.next_at < p_term.failed_at
                    THEN 'delivery.overdue' ELSE 'delivery.failed' END) AS item,
            m.from_party, m.from_agency
        FROM message m
        CROSS JOIN jsonb_to_recordset(m.recipients) AS r (agency_id text, party text)
        JOIN inbox_item i ON i.agency_id = r.agency_id AND i.message_id = m.id
            AND i.kind = 'message'
        JOIN agency a ON a.id = r.agency_id
        WHERE m.id = p_term.message_id AND i.acknowledged_at IS NULL AND i.recalled_at IS NULL
            AND i.printed_at IS NULL AND CASE WHEN p_only IS NOT NULL THEN r.agency_id = p_only
                ELSE NOT EXISTS (SELECT FROM returned_term t
                    WHERE t.message_id = m.id AND t.agency_id = r.agency_id) END
    )
    SELECT jsonb_agg(item) FROM (
        SELECT item || jsonb_build_object('agency_id', agency_id, 'from_party', from_party,
            'from_agency', from_agency) AS item
        FROM late WHERE NOT to_print AND NOT disabled
        UNION ALL
        SELECT item || jsonb_build_object('agency_id', p_term.sender, 'from_party', party,
            'from_agency', agency_id)
        FROM late WHERE p_term.sender IS NOT NULL AND p_term.sender <> agency_id
            AND NOT EXISTS (SELECT FROM message o JOIN party q ON q.referral_id = o.referral_id
                WHERE o.id = p_term.message_id AND q.agency_id = p_term.sender
                    AND q.until IS NOT NULL)
    ) AS told
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION late_recipients(delivery_term, text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
