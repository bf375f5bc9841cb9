-- Send reminders of requests that were not answered by their day. Returns how many were looked
-- at and which agencies were notified.
CREATE OR REPLACE FUNCTION tell_returns(p_at timestamptz, p_today date, p_most integer)
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE x return_request; v_items jsonb := '[]'; v_count integer := 0;
BEGIN
    FOR x IN
        SELECT * FROM return_request WHERE is_open AND told_at IS NULL AND due_on < p_today
        ORDER BY due_on LIMIT p_most FOR UPDATE SKIP LOCKED
    LOOP
        v_count := v_count + 1;
        UPDATE return_request SET told_at = p_at WHERE id = x.id;
        v_items := v_items || return_items(x, jsonb_build_object(
            'kind', 'consent.return_overdue', 'type', 'consent.return_overdue',
            'urgency', 'urgent', 'referral_id', x.referral_id), false);
    END LOOP;
    IF jsonb_array_length(v_items) > 0 THEN PERFORM deliver(p_at, v_items); END IF;
    RETURN jsonb_build_object('looked_at', v_count, 'agencies', (
        SELECT coalesce(jsonb_agg(DISTINCT i ->> 'agency_id'), '[]')
        FROM jsonb_array_elements(v_items) AS i));
END $$;
REVOKE ALL ON FUNCTION tell_returns(timestamptz, date, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION tell_returns(timestamptz, date, integer) TO tsunagu_worker;
