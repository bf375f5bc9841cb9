-- Make the waiting notices of an endpoint due now, and retry those that failed since
-- `p_failed_since`. What is replayed keeps its pace. One that another transaction changes is left
-- out, and not waited for: it is being cancelled, or was not sent. Others may be locked already.
CREATE OR REPLACE FUNCTION resume_notices(
    p_webhook uuid, p_at timestamptz, p_failed_since timestamptz
) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE notice SET due_at = greatest(p_at, not_before)
    WHERE id IN (SELECT id FROM notice WHERE webhook_id = p_webhook AND state = 'pending'
        AND due_at > greatest(p_at, not_before) FOR NO KEY UPDATE SKIP LOCKED);
    UPDATE notice SET state = 'pending', due_at = p_at, since = p_at, tries = 0,
        settled_at = NULL, reason = NULL
    WHERE id IN (SELECT id FROM notice WHERE webhook_id = p_webhook AND state = 'failed'
        AND position > 0 AND settled_at >= p_failed_since FOR NO KEY UPDATE SKIP LOCKED);
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION resume_notices(uuid, timestamptz, timestamptz)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
