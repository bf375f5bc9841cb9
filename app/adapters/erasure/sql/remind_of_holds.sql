-- Notify agencies of their legal holds that end within 30 days, each once. Answers the agencies.
CREATE OR REPLACE FUNCTION remind_of_holds(p_at timestamptz, p_most integer) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_items jsonb;
BEGIN
    WITH due AS (
        SELECT id FROM legal_hold WHERE lifted_at IS NULL AND reminded_at IS NULL
            AND until <= p_at + interval '30 days'
        ORDER BY until LIMIT p_most FOR UPDATE SKIP LOCKED
    ), reminded AS (
        UPDATE legal_hold h SET reminded_at = p_at FROM due WHERE h.id = due.id
        RETURNING h.agency_id, h.referral_id, h.until
    )
    SELECT jsonb_agg(jsonb_build_object('agency_id', r.agency_id, 'kind', 'hold.ending',
        'referral_id', r.referral_id, 'type', 'hold.set', 'urgency', 'normal')
        ORDER BY r.agency_id) INTO v_items
    FROM reminded r WHERE r.until > p_at AND EXISTS (SELECT FROM party q
        WHERE q.referral_id = r.referral_id AND q.agency_id = r.agency_id AND q.until IS NULL);
    IF v_items IS NULL THEN RETURN '{}'; END IF;
    PERFORM deliver(p_at, v_items);
    RETURN ARRAY(SELECT DISTINCT i ->> 'agency_id' FROM jsonb_array_elements(v_items) AS i);
END $$;
REVOKE ALL ON FUNCTION remind_of_holds(timestamptz, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION remind_of_holds(timestamptz, integer) TO tsunagu_worker;
