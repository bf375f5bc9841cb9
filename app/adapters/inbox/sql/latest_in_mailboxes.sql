-- The latest time in each mailbox of these agencies: a message to or from them is not earlier.
CREATE OR REPLACE FUNCTION latest_in_mailboxes(p_agencies text[]) RETURNS timestamptz[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(array_agg(latest_at), '{}') FROM mailbox
    WHERE agency_id = ANY (p_agencies) AND latest_at IS NOT NULL
$$;
REVOKE ALL ON FUNCTION latest_in_mailboxes(text[]) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION latest_in_mailboxes(text[]) TO tsunagu_api;
