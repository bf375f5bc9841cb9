-- What only some accepted messages bring with them: consents and withdrawals, deadlines, a
-- settlement, delivery terms, older messages that are shown, an erasure, retention clocks.
CREATE OR REPLACE FUNCTION accept_rest(p_at timestamptz, p_case uuid, p jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE v_lifted record;
BEGIN
    IF p ? 'consent' THEN
        INSERT INTO consent (case_id, id, referral_id, message_id, purpose, recipients, classes,
            valid_from, valid_until)
        SELECT p_case, c.id, c.referral_id, c.message_id, c.purpose, c.recipients, c.classes,
            c.valid_from, c.valid_until
        FROM jsonb_to_record(p -> 'consent') AS c (id uuid, referral_id uuid, message_id uuid,
            purpose text, recipients text[], classes text[], valid_from date, valid_until date);
        PERFORM give_again(p);
    END IF;
    IF p ? 'withdrawn' THEN
        UPDATE consent SET withdrawn_on = CASE WHEN p #> '{withdrawn,part}' ? id::text THEN NULL
                ELSE (p #>> '{withdrawn,on}')::date END,
            withdrawn_items = CASE WHEN p #> '{withdrawn,part}' ? id::text THEN withdrawn_items || ARRAY(
                SELECT jsonb_array_elements_text(p #> '{withdrawn,items}'))
                ELSE withdrawn_items END,
            taken_by = CASE WHEN p #> '{withdrawn,part}' ? id::text THEN taken_by || array_fill(
                (p #>> '{withdrawn,by}')::uuid,
                ARRAY[jsonb_array_length(p #> '{withdrawn,items}')]) ELSE taken_by END,
            withdrawn_by = (p #>> '{withdrawn,by}')::uuid
        WHERE case_id = p_case AND withdrawn_on IS NULL AND id IN (
            SELECT i::uuid FROM jsonb_array_elements_text(p #> '{withdrawn,ids}') AS i
        );
        PERFORM withdraw_copies(p_at, p_case, p);
    END IF;
    IF p ? 'deadlines' THEN
        INSERT INTO deadline (referral_id, agency_id, kind, due_on)
        SELECT n.referral_id, n.agency_id, n.kind, n.due_on
        FROM jsonb_to_recordset(p -> 'deadlines') AS n (referral_id uuid, agency_id text,
            kind text, due_on date)
        ON CONFLICT (referral_id, agency_id, kind) DO UPDATE
        SET due_on = excluded.due_on, told_at = NULL
        WHERE deadline.due_on <> excluded.due_on;
    END IF;
    -- One by one: joined as a set, a plan made while the table was small reads all of it for ever.
    FOR v_lifted IN
        SELECT n.* FROM jsonb_to_recordset(p -> 'lifted') AS n (referral_id uuid, agency_id text,
            kind text)
    LOOP
        DELETE FROM deadline WHERE referral_id = v_lifted.referral_id
            AND agency_id = v_lifted.agency_id AND kind = v_lifted.kind;
    END LOOP;
    IF p ? 'settlement' THEN
        INSERT INTO settlement (center_id, fiscal_year, category, age_bracket, residence_kind)
        SELECT s.center_id, s.fiscal_year, s.category, s.age_bracket, s.residence_kind
        FROM jsonb_to_record(p -> 'settlement') AS s (center_id text, fiscal_year integer,
            category text, age_bracket text, residence_kind text);
    END IF;
    IF p ? 'shown' THEN
        INSERT INTO shown (message_id, agency_id, shown_id, party, classes)
        SELECT s.message_id, s.agency_id, s.shown_id, s.party, s.classes
        FROM jsonb_to_recordset(p -> 'shown') AS s (message_id uuid, agency_id text,
            shown_id uuid, party text, classes text[]);
    END IF;
    IF p ? 'erased' THEN
        PERFORM drop_keys((p #>> '{erased,referral_id}')::uuid,
            ARRAY['C0', 'C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'C8'], p_at, 'refused', NULL,
            (p #>> '{erased,complete_on}')::date);
    END IF;
    IF p ? 'clocks' THEN PERFORM set_clocks(p -> 'clocks'); END IF;

    IF p ? 'terms' THEN
        INSERT INTO delivery_term (message_id, sender, overdue_at, failed_at, next_at)
        SELECT t.message_id, t.sender, t.overdue_at, t.failed_at, t.overdue_at
        FROM jsonb_to_recordset(p -> 'terms') AS t (message_id uuid, sender text,
            overdue_at timestamptz, failed_at timestamptz);
    END IF;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION accept_rest(timestamptz, uuid, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
