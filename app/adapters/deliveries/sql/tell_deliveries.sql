-- Notify of messages whose delivery term has run out, and of copies that were given back and whose
-- own term has, one at a time: joined as a set,
-- they make a plan that reads whole tables once these have grown. Returns how many were looked
-- at and which agencies were notified.
CREATE OR REPLACE FUNCTION tell_deliveries(p_at timestamptz, p_most integer) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_term delivery_term; t returned_term; v_late jsonb; v_items jsonb := '[]'; v_count integer := 0;
BEGIN
    FOR v_term IN
        SELECT * FROM delivery_term WHERE next_at <= p_at
        ORDER BY next_at LIMIT p_most FOR UPDATE SKIP LOCKED
    LOOP
        v_count := v_count + 1;
        v_late := late_recipients(v_term, NULL);
        v_items := v_items || coalesce(v_late, '[]');
        UPDATE delivery_term SET next_at = CASE
            WHEN v_late IS NOT NULL AND v_term.next_at < v_term.failed_at THEN failed_at END
        WHERE message_id = v_term.message_id;
    END LOOP;
    FOR t IN
        SELECT * FROM returned_term WHERE next_at <= p_at
        ORDER BY next_at LIMIT p_most - v_count FOR UPDATE SKIP LOCKED
    LOOP
        v_count := v_count + 1;
        SELECT t.message_id, d.sender, t.overdue_at, t.failed_at, t.next_at INTO v_term
        FROM delivery_term d WHERE d.message_id = t.message_id;
        v_late := late_recipients(v_term, t.agency_id);
        v_items := v_items || coalesce(v_late, '[]');
        UPDATE returned_term SET next_at = CASE
            WHEN v_late IS NOT NULL AND t.next_at < t.failed_at THEN failed_at END
        WHERE message_id = t.message_id AND agency_id = t.agency_id;
    END LOOP;
    IF jsonb_array_length(v_items) > 0 THEN PERFORM deliver(p_at, v_items); END IF;
    RETURN jsonb_build_object('looked_at', v_count, 'agencies', (
        SELECT coalesce(jsonb_agg(DISTINCT i ->> 'agency_id'), '[]')
        FROM jsonb_array_elements(v_items) AS i));
END $$;
REVOKE ALL ON FUNCTION tell_deliveries(timestamptz, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION tell_deliveries(timestamptz, integer) TO tsunagu_worker;
