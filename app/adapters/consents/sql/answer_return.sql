-- Answer a request to return or destroy. A repeat changes nothing; `conflict` says whether it
-- differs from the first answer, `before_request` that its day lies before the request, and nothing
-- was recorded. Null if the agency may not answer.
CREATE OR REPLACE FUNCTION answer_return(p jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    x return_request; v_items jsonb; v_detail jsonb;
BEGIN
    PERFORM act_for(p ->> 'agency_id');
    SELECT * INTO x FROM return_request WHERE id = (p ->> 'id')::uuid FOR UPDATE;
    IF NOT FOUND OR NOT may_answer(x, p ->> 'agency_id') THEN RETURN NULL; END IF;
    IF x.is_open AND (p ->> 'on')::date < (x.requested_at AT TIME ZONE 'Asia/Tokyo')::date THEN
        RETURN jsonb_build_object('conflict', true, 'before_request', true);
    END IF;
    IF x.is_open THEN
        UPDATE return_request SET is_open = false, answered_at = v_at,
            answered_by = p ->> 'seat_id', answer = p ->> 'answer',
            done_on = (p ->> 'on')::date, legal_basis = p ->> 'legal_basis'
        WHERE id = x.id RETURNING * INTO x;
        v_detail := jsonb_build_object('answer', x.answer);
        SELECT coalesce(jsonb_agg(i), '[]') INTO v_items
        FROM jsonb_array_elements(return_items(x, jsonb_build_object(
            'kind', 'consent.return_answered', 'type', 'consent.return_answered',
            'urgency', 'normal', 'referral_id', x.referral_id), false)) AS i
        WHERE i ->> 'agency_id' NOT IN (x.agency_id, p ->> 'agency_id');
        IF jsonb_array_length(v_items) > 0 THEN PERFORM deliver(v_at, v_items); END IF;
        PERFORM write_log_of(me(), v_at, (
            SELECT jsonb_agg(return_entry(x, 'return_answer', s, v_detail)
                || jsonb_build_object('agency_id', p -> 'agency_id', 'seat_id', p -> 'seat_id',
                    'client_id', CASE WHEN s = p ->> 'agency_id' THEN p -> 'client_id' END))
            FROM unnest(x.seen_by || x.agency_id) AS s));
    END IF;
    RETURN shown_return(x, p ->> 'agency_id') || jsonb_build_object('conflict',
        x.answer <> p ->> 'answer' OR x.done_on <> (p ->> 'on')::date
        OR x.legal_basis IS DISTINCT FROM p ->> 'legal_basis');
END $$;
REVOKE ALL ON FUNCTION answer_return(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION answer_return(jsonb) TO tsunagu_api;
