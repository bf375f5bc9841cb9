-- Write a recall: recall copies, cancel their notices, notify the agencies concerned. It
-- increments the version of the case, as an accepted message does: a reader that has read a copy
-- and has not yet logged the opening starts again, and finds the copy recalled. What an agency has
-- opened it keeps in its evidence bundles (`kept`); facts of a copy that it has relied upon stay,
-- and others are what an older message says (`facts`), or absent.
-- Only the agency that sent the message recalls it, or one that agreed to its request recalls its
-- own copy; what is known of message and copies is read here.
-- Lock order: case, deadlines, notices, mailboxes by agency id, counts of the day.
CREATE OR REPLACE FUNCTION write_recall(p jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    v_message constant uuid := (p ->> 'message_id')::uuid;
    m message;
    v_case uuid;
    v_agency text;
    v_copy jsonb;
    v_facts jsonb;
    v_unopened boolean;
BEGIN
    IF me() IS NULL THEN PERFORM act_for(p ->> 'agency_id'); END IF;
    SELECT * INTO m FROM message WHERE id = v_message;
    IF (sent_by(m, p ->> 'agency_id') AND NOT EXISTS (
        SELECT FROM jsonb_array_elements(p -> 'copies') AS x
        WHERE NOT EXISTS (SELECT FROM copy c WHERE c.message_id = v_message
            AND c.agency_id = x ->> 'agency_id' AND NOT c.sent)
        OR me() <> p ->> 'agency_id' AND NOT EXISTS (
            SELECT FROM recall_request q WHERE q.message_id = v_message AND q.state = 'accepted'
                AND q.recipient_agency = me() AND q.recipient_agency = x ->> 'agency_id'
                AND q.sender_agency = p ->> 'agency_id'))) IS NOT TRUE THEN
        RAISE EXCEPTION 'this agency does not recall this message from these agencies'
            USING ERRCODE = 'check_violation';
    END IF;
    UPDATE "case" SET version = version + 1
    WHERE id = (SELECT case_id FROM referral WHERE id = m.referral_id) RETURNING id INTO v_case;
    INSERT INTO recall (id, message_id, referral_id, type, accepted_at, sender_agency,
        recipient_agency, recipient_party, named, reason, recalled_at, recalled_by, disclosed,
        openings, preliminary_from, preliminary_by, final_by, final_by_if_malicious)
    SELECT x.id, v_message, m.referral_id, m.type, m.accepted_at, p ->> 'agency_id', x.agency_id,
        CASE WHEN x.named THEN x.party END, x.named, p ->> 'reason', v_at, p ->> 'seat_id',
        x.disclosed, x.openings, x.preliminary_from, x.preliminary_by, x.final_by,
        x.final_by_if_malicious
    FROM jsonb_to_recordset(p -> 'copies') AS x (id uuid, agency_id text, party text,
        named boolean, disclosed boolean, openings jsonb, preliminary_from date,
        preliminary_by date, final_by date, final_by_if_malicious date);
    FOR v_facts IN
        SELECT f FROM jsonb_array_elements(p -> 'facts') AS f ORDER BY f ->> 'agency_id'
    LOOP
        PERFORM restore_facts(v_facts ->> 'agency_id', v_message, v_facts -> 'stored',
            v_facts -> 'days', v_facts -> 'only');
    END LOOP;
    PERFORM cancel_notices(array_agg(c ->> 'agency_id'), array_agg(v_message), 'recalled', v_at)
    FROM jsonb_array_elements(p -> 'copies') AS c;
    PERFORM FROM mailbox WHERE agency_id IN (
        SELECT i ->> 'agency_id' FROM jsonb_array_elements((p -> 'copies') || (p -> 'items')) AS i
    ) ORDER BY agency_id FOR UPDATE;
    FOR v_copy IN SELECT c FROM jsonb_array_elements(p -> 'copies') AS c
    LOOP
        v_agency := v_copy ->> 'agency_id';
        UPDATE copy SET recalled_at = v_at,
            kept = ARRAY(SELECT jsonb_array_elements_text(v_copy -> 'kept'))
        WHERE agency_id = v_agency AND message_id = v_message;
        UPDATE inbox_item SET recalled_at = v_at
        WHERE agency_id = v_agency AND message_id = v_message AND kind = 'message'
        RETURNING opened_at IS NULL AND acknowledged_at IS NULL AND NOT withdrawn INTO v_unopened;
        UPDATE inbox_item SET withdrawn = false WHERE agency_id = v_agency
            AND message_id = v_message AND kind = 'message' AND withdrawn;
        IF v_unopened THEN
            UPDATE mailbox SET opened = opened + 1 WHERE agency_id = v_agency;
        END IF;
    END LOOP;
    IF jsonb_array_length(p -> 'items') > 0 THEN PERFORM deliver(v_at, p -> 'items'); END IF;
    PERFORM write_case_log(v_case, v_at, p);
END $$;
REVOKE ALL ON FUNCTION write_recall(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION write_recall(jsonb) TO tsunagu_api;
