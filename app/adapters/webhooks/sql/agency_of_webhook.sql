-- The agency of a webhook, for the courier, which shares a host by agency. It may not read webhooks.
CREATE OR REPLACE FUNCTION agency_of_webhook(p_id uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT agency_id FROM webhook WHERE id = p_id
$$;
REVOKE ALL ON FUNCTION agency_of_webhook(uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION agency_of_webhook(uuid) TO tsunagu_worker;
