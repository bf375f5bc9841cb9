-- Delete an endpoint: its secrets are gone, its waiting notices are cancelled.
CREATE OR REPLACE FUNCTION remove_webhook(p_agency text, p_id uuid, p_at timestamptz, p_log jsonb)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM act_for(p_agency);
    UPDATE webhook SET state = 'deleted', master = NULL, secret = NULL, old_master = NULL,
        old_secret = NULL, old_until = NULL, changed_at = p_at
    WHERE id = p_id AND agency_id = p_agency AND state <> 'deleted';
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM hold_notices(ARRAY(SELECT id FROM notice
        WHERE webhook_id = p_id AND state = 'pending'));
    UPDATE notice SET state = 'cancelled', reason = 'webhook_deleted', settled_at = p_at,
        leased_until = NULL
    WHERE webhook_id = p_id AND state = 'pending';
    PERFORM write_log_of(p_agency, p_at, p_log);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION remove_webhook(text, uuid, timestamptz, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION remove_webhook(text, uuid, timestamptz, jsonb) TO tsunagu_api;
