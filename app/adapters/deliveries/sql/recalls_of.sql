-- The recalls of a message, to the agency that sent it.
CREATE OR REPLACE FUNCTION recalls_of(p_agency text, p_message uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(shown_recall(x) ORDER BY x.recipient_agency), '[]')
        FROM recall x WHERE x.message_id = p_message AND x.sender_agency = p_agency);
END $$;
REVOKE ALL ON FUNCTION recalls_of(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION recalls_of(text, uuid) TO tsunagu_api;
