-- The log entry of a request or an answer, for one reader.
CREATE OR REPLACE FUNCTION return_entry(
    x return_request, p_kind text, p_reader text, p_detail jsonb
) RETURNS jsonb
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object('id', gen_random_uuid(), 'kind', p_kind, 'case_id', x.case_id,
        'referral_id', x.referral_id, 'agencies', jsonb_build_array(p_reader),
        'detail', p_detail || jsonb_build_object('return_request', x.id)
            || CASE WHEN p_reader <> x.agency_id
               THEN jsonb_build_object('recipient', x.agency_id) ELSE '{}' END)
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION return_entry(return_request, text, text, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
