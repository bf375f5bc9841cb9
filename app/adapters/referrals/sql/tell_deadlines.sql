-- Put reminders of deadlines that have come into the inboxes of agencies that may see them.
-- Returns the agencies that were notified. One that an agency may not know of yet is looked at
-- again on the next day, or when a consent is recorded or confirmed: what nobody may know, perhaps
-- ever, does not cost each round. Rows are held before they are looked at, by a statement of its
-- own: whoever changes what an agency may know changes its rows as well, and comes before or after.
CREATE OR REPLACE FUNCTION tell_deadlines(p_at timestamptz, p_today date, p_most integer)
RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE v_due jsonb; v_items jsonb;
BEGIN
    WITH due AS MATERIALIZED (
        SELECT referral_id, agency_id, kind FROM deadline
        WHERE told_at IS NULL AND coalesce(ask_on, due_on) <= p_today
        ORDER BY coalesce(ask_on, due_on) LIMIT p_most FOR UPDATE SKIP LOCKED
    )
    SELECT jsonb_agg(to_jsonb(due)) INTO v_due FROM due;
    IF v_due IS NULL THEN RETURN '{}'; END IF;
    WITH asked AS MATERIALIZED (
        SELECT *, may_know(agency_id, referral_id, kind, p_today) AS knows
        FROM jsonb_to_recordset(v_due) AS x (referral_id uuid, agency_id text, kind text)
    ), told AS (
        UPDATE deadline d SET told_at = CASE WHEN a.knows THEN p_at END,
            ask_on = CASE WHEN NOT a.knows THEN p_today + 1 END
        FROM asked a
        WHERE d.referral_id = a.referral_id AND d.agency_id = a.agency_id AND d.kind = a.kind
        RETURNING d.referral_id, d.agency_id, d.kind, a.knows
    )
    SELECT jsonb_agg(jsonb_build_object('agency_id', agency_id, 'kind', 'deadline',
        'referral_id', referral_id, 'type', 'deadline.' || kind, 'urgency', 'urgent'))
    INTO v_items FROM told WHERE knows;
    IF v_items IS NULL THEN RETURN '{}'; END IF;
    PERFORM deliver(p_at, v_items);
    RETURN (SELECT array_agg(DISTINCT i ->> 'agency_id') FROM jsonb_array_elements(v_items) AS i);
END $$;
REVOKE ALL ON FUNCTION tell_deadlines(timestamptz, date, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION tell_deadlines(timestamptz, date, integer) TO tsunagu_worker;
