-- Record a consent; confirm or refuse a claim; withdraw consents, or take a withdrawal back. Each
-- with its effects on what was disclosed on them. A claim has none until it is confirmed.
CREATE OR REPLACE FUNCTION write_consents(p_at timestamptz, p_case uuid, p jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE v_completed jsonb := '[]';
BEGIN
    IF p ? 'consent' THEN
        INSERT INTO consent (case_id, id, referral_id, message_id, purpose, recipients, classes,
            valid_from, valid_until, recorded_by, claimed)
        SELECT p_case, c.id, c.referral_id, c.message_id, c.purpose, c.recipients, c.classes,
            c.valid_from, c.valid_until, c.recorded_by, c.claimed
        FROM jsonb_to_record(p -> 'consent') AS c (id uuid, referral_id uuid, message_id uuid,
            purpose text, recipients text[], classes text[], valid_from date, valid_until date,
            recorded_by text, claimed boolean);
        IF NOT (p #>> '{consent,claimed}')::boolean THEN
            v_completed := complete_lacking(p -> 'consent');
        END IF;
    END IF;
    IF p ? 'vouched' THEN
        UPDATE consent SET claimed = false, confirmed_at = p_at,
            confirmed_by = (p #>> '{vouched,by}')::uuid
        WHERE case_id = p_case AND claimed AND p #> '{vouched,confirmed}' ? id::text;
        UPDATE consent SET withdrawn_on = (p #>> '{vouched,today}')::date,
            withdrawn_by = (p #>> '{vouched,by}')::uuid
        WHERE case_id = p_case AND claimed AND p #> '{vouched,refused}' ? id::text;
        PERFORM restore_consents(p_case, p #> '{vouched,restored}');
        v_completed := v_completed || complete_lacking(p -> 'vouched');
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
    -- Last: it locks mailboxes, and a withdrawal locks notices before them.
    IF NOT (p #>> '{consent,claimed}')::boolean OR p ? 'vouched' THEN
        PERFORM return_copies(p_at, p, coalesce(p -> 'vouched', p -> 'consent'), v_completed);
    END IF;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION write_consents(timestamptz, uuid, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
