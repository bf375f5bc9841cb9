-- Cancel the waiting notices of these copies, each an agency and a message. All in one call: several
-- calls in a transaction would not lock notices in one order.
CREATE OR REPLACE FUNCTION cancel_notices(
    p_agencies text[], p_messages uuid[], p_reason text, p_at timestamptz
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    v_ids constant uuid[] := ARRAY(SELECT n.id FROM unnest(p_agencies, p_messages) AS c (agency, message)
        CROSS JOIN LATERAL (SELECT x.id FROM notice x WHERE x.message_id = c.message
            AND x.agency_id = c.agency AND x.state = 'pending') AS n);
BEGIN
    PERFORM hold_notices(v_ids);
    WITH cancelled AS (
        UPDATE notice SET state = 'cancelled', reason = p_reason, settled_at = p_at,
            leased_until = NULL, attempts = attempts + 1
        WHERE id = ANY (v_ids) AND state = 'pending'
        RETURNING id, attempts, webhook_id, agency_id
    )
    INSERT INTO attempt (notice_id, number, webhook_id, agency_id, at, outcome)
    SELECT id, attempts, webhook_id, agency_id, p_at, p_reason FROM cancelled;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION cancel_notices(text[], uuid[], text, timestamptz)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
