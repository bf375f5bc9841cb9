-- Ask the receiver of an endpoint for a proof that it wants notices. Until it has given one, nothing
-- else is sent there. An earlier question is taken back.
CREATE OR REPLACE FUNCTION ask_proof(p_webhook uuid, p_notice uuid, p_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM hold_notices(ARRAY(SELECT id FROM notice
        WHERE webhook_id = p_webhook AND position = -1 AND state = 'pending'));
    UPDATE notice SET state = 'cancelled', reason = 'asked_again', settled_at = p_at,
        leased_until = NULL
    WHERE webhook_id = p_webhook AND position = -1 AND state = 'pending';
    INSERT INTO notice (id, webhook_id, agency_id, position, payload, created_at, since, due_at)
    SELECT p_notice, w.id, w.agency_id, -1, '{"type":"webhook.challenge","timestamp":"'
        || to_char(p_at AT TIME ZONE 'Asia/Tokyo', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+09:00"')
        || '","data":{"webhook_id":"' || w.id || '","challenge":"'
        || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '') || '"}}',
        p_at, p_at, p_at
    FROM webhook w WHERE w.id = p_webhook;
    UPDATE webhook SET challenge = p_notice, failures = 0, failing_since = NULL,
        resting_until = NULL
    WHERE id = p_webhook;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION ask_proof(uuid, uuid, timestamptz)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
