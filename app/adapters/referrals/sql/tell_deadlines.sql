-- Put reminders of deadlines that have come into the inboxes of agencies that may see them.
-- Returns the agencies that were notified.
CREATE OR REPLACE FUNCTION tell_deadlines(p_at timestamptz, p_today date, p_most integer)
RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_items jsonb;
BEGIN
    WITH due AS (
        SELECT referral_id, agency_id, kind FROM deadline
        WHERE told_at IS NULL AND due_on <= p_today
            AND may_know(agency_id, referral_id, kind, p_today)
        ORDER BY due_on LIMIT p_most FOR UPDATE SKIP LOCKED
    ), told AS (
        UPDATE deadline d SET told_at = p_at FROM due
        WHERE d.referral_id = due.referral_id AND d.agency_id = due.agency_id AND d.kind = due.kind
        RETURNING d.referral_id, d.agency_id, d.kind
    )
    SELECT jsonb_agg(jsonb_build_object('agency_id', agency_id, 'kind', 'deadline',
        'referral_id', referral_id, 'type', 'deadline.' || kind, 'urgency', 'urgent'))
    INTO v_items FROM told;
    IF v_items IS NULL THEN RETURN '{}'; END IF;
    PERFORM deliver(p_at, v_items);
    RETURN (SELECT array_agg(DISTINCT i ->> 'agency_id') FROM jsonb_array_elements(v_items) AS i);
END $$;
REVOKE ALL ON FUNCTION tell_deadlines(timestamptz, date, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION tell_deadlines(timestamptz, date, integer) TO tsunagu_worker;
