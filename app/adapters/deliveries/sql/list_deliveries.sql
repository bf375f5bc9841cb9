-- A page of the deliveries of messages that the agency sent in a referral, by recipient.
CREATE OR REPLACE FUNCTION list_deliveries(
    p_agency text, p_referral uuid, p_after bigint, p_limit integer
) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_ended text[]; v_until timestamptz;
BEGIN
    PERFORM act_for(p_agency);
    SELECT ended_parties(q.view), q.until INTO v_ended, v_until FROM party q
    WHERE q.referral_id = p_referral AND q.agency_id = p_agency;
    IF NOT FOUND THEN RETURN NULL; END IF;
    RETURN (SELECT coalesce(jsonb_agg(o.shown ORDER BY o.number), '[]')::text FROM (
        SELECT c.number, jsonb_build_object('message_id', m.id, 'number', c.number,
            'type', m.type, 'urgency', m.urgency, 'accepted_at', m.accepted_at,
            'overdue_at', t.overdue_at, 'failed_at', t.failed_at,
            'recipients', deliveries_known(m.id, NULL, v_ended, v_until)) AS shown
        FROM copy c JOIN message m ON m.id = c.message_id
        LEFT JOIN delivery_term t ON t.message_id = m.id
        WHERE c.agency_id = p_agency AND c.referral_id = p_referral AND c.number > p_after
            AND m.referral_id = p_referral AND sent_by(m, p_agency)
        ORDER BY c.number LIMIT p_limit) AS o);
END $$;
REVOKE ALL ON FUNCTION list_deliveries(text, uuid, bigint, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION list_deliveries(text, uuid, bigint, integer) TO tsunagu_api;
