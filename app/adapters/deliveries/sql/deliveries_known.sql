-- The delivery of a message to each of its recipients, or to `p_only`: when it was notified,
-- opened, acknowledged, printed and recalled, and why it cannot be delivered. `p_ended` names
-- the agencies whose part has ended. Of what happened after `p_until`, when the part of the agency
-- that asks ended, nothing is known to it: neither that a copy, which was a tombstone then, was
-- given again. Whoever acknowledges a tombstone has not received the message.
CREATE OR REPLACE FUNCTION deliveries_known(
    p_message uuid, p_only text, p_ended text[], p_until timestamptz
) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('party', r.party, 'agency_id', r.agency_id,
        'position', i.position, 'to_print', i.to_print,
        'notified_at', CASE WHEN n.at <= e.until THEN n.at END,
        'opened_at', CASE WHEN i.opened_at <= e.until THEN i.opened_at END,
        'acknowledged_at', CASE WHEN g.at <= e.until THEN g.at END,
        'acknowledged_by', CASE WHEN g.at <= e.until THEN i.acknowledged_by END,
        'printed_at', CASE WHEN i.printed_at <= e.until THEN i.printed_at END,
        'printed_by', CASE WHEN i.printed_at <= e.until THEN i.printed_by END,
        'recalled_at', CASE WHEN i.recalled_at <= e.until THEN i.recalled_at ELSE y.since END,
        'recall_reason', CASE WHEN i.recalled_at <= e.until AND NOT i.withdrawn THEN x.reason
            WHEN i.recalled_at <= e.until OR y.since IS NOT NULL THEN 'consent_withdrawn' END,
        'misdirected_disclosure_id', CASE WHEN x.disclosed AND x.recalled_at <= e.until
            THEN x.id END,
        'overdue_at', CASE WHEN t.returned_at <= e.until THEN t.overdue_at END,
        'failed_at', CASE WHEN t.returned_at <= e.until THEN t.failed_at END,
        'undeliverable', CASE WHEN a.disabled_at <= e.until THEN 'agency_disabled'
            WHEN r.agency_id = ANY (p_ended) THEN 'party_ended' END) ORDER BY r.party), '[]')
    FROM message m CROSS JOIN (SELECT coalesce(p_until, 'infinity') AS until) AS e
    CROSS JOIN jsonb_to_recordset(m.recipients) AS r (agency_id text, party text)
    JOIN inbox_item i ON i.agency_id = r.agency_id AND i.message_id = m.id AND i.kind = 'message'
    JOIN agency a ON a.id = r.agency_id
    LEFT JOIN returned_term t ON t.message_id = m.id AND t.agency_id = r.agency_id
    LEFT JOIN recall x ON x.message_id = m.id AND x.recipient_agency = r.agency_id
    CROSS JOIN LATERAL (SELECT min(a.at) AS at FROM notice k JOIN attempt a ON a.notice_id = k.id
        WHERE k.message_id = m.id AND k.agency_id = i.agency_id AND k.position = i.position
            AND a.outcome = 'delivered') AS n
    CROSS JOIN LATERAL (SELECT CASE WHEN NOT i.acknowledged_as_tombstone
        THEN i.acknowledged_at END AS at) AS g
    LEFT JOIN LATERAL (SELECT lower(s.during) AS since FROM unnest(i.tombstones) AS s (during)
        WHERE s.during @> p_until) AS y ON true
    WHERE m.id = p_message AND (p_only IS NULL OR r.agency_id = p_only)
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION deliveries_known(uuid, text, text[], timestamptz)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
