-- A page of the envelopes in a referral, in the order in which this agency got them.
CREATE OR REPLACE FUNCTION list_messages(
    p_agency text, p_referral uuid, p_after bigint, p_limit integer
) RETURNS text
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    IF NOT EXISTS (SELECT FROM party q WHERE q.referral_id = p_referral) THEN RETURN NULL; END IF;
    RETURN (SELECT coalesce(jsonb_agg(o.shown ORDER BY o.number), '[]')::text FROM (
        SELECT c.number, envelope(ROW(m.id, m.referral_id, m.type, m.from_party, m.from_agency,
            m.from_seat, m.recipients, m.occurred_on, m.accepted_at, m.legal_basis, m.urgency,
            m.in_reply_to, m.corrects, m.consent_ids, m.paper_origin, m.digest, m.class_digests,
            m.receipt)::message_row, c, n.id) AS shown
        FROM copy c JOIN message m ON m.id = c.message_id
        LEFT JOIN LATERAL last_correction(p_agency, m.id) AS n ON true
        WHERE c.agency_id = p_agency AND c.referral_id = p_referral AND c.number > p_after
        ORDER BY c.number LIMIT p_limit) AS o);
END $$;
REVOKE ALL ON FUNCTION list_messages(text, uuid, bigint, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION list_messages(text, uuid, bigint, integer) TO tsunagu_api;
