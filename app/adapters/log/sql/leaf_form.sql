-- A log entry in the form that is hashed. The columns are named one by one: a column that is
-- added later must not change what was hashed before.
CREATE OR REPLACE FUNCTION leaf_form(e log_entry) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object('id', e.id, 'at', e.at, 'kind', e.kind, 'agency_id', e.agency_id,
        'seat_id', e.seat_id, 'client_id', e.client_id, 'case_id', e.case_id,
        'referral_id', e.referral_id, 'message_id', e.message_id, 'agencies', e.agencies,
        'detail', e.detail)
$$;
REVOKE ALL ON FUNCTION leaf_form(log_entry) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION leaf_form(log_entry) TO tsunagu_api;
