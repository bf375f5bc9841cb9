-- Give an endpoint a new secret. The old one signs too until `p_until`.
CREATE OR REPLACE FUNCTION rotate_webhook_secret(
    p_agency text, p_id uuid, p_at timestamptz, p_until timestamptz, p_master integer,
    p_secret bytea, p_log jsonb
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM act_for(p_agency);
    UPDATE webhook SET old_master = master, old_secret = secret, old_until = p_until,
        master = p_master, secret = p_secret, changed_at = p_at
    WHERE id = p_id AND agency_id = p_agency AND state <> 'deleted';
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM write_log_of(p_agency, p_at, p_log);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION rotate_webhook_secret(
    text, uuid, timestamptz, timestamptz, integer, bytea, jsonb
) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION rotate_webhook_secret(
    text, uuid, timestamptz, timestamptz, integer, bytea, jsonb
) TO tsunagu_api;
