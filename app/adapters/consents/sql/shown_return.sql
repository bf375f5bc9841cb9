-- A request as the agency sees it. Only the agency to which it was sent sees its messages and
-- classes: others would learn what passed between agencies that they do not know. At most 200
-- messages are named.
CREATE OR REPLACE FUNCTION shown_return(x return_request, p_agency text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT to_jsonb(x) - ARRAY['seen_by', 'told_at', 'message_ids', 'classes', 'consent_ids']
        || CASE WHEN x.agency_id = p_agency THEN jsonb_build_object('classes', x.classes,
            'consent_ids', x.consent_ids, 'message_ids', x.message_ids[1:200],
            'messages', cardinality(x.message_ids)) ELSE '{}' END
$$;
REVOKE ALL ON FUNCTION shown_return(return_request, text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION shown_return(return_request, text) TO tsunagu_api;
