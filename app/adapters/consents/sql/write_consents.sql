-- Record a consent; confirm or refuse a claim; withdraw consents, or take a withdrawal back. Each
-- with its effects on what was disclosed on them. A claim has none until it is confirmed. Whoever
-- knows one that changes, and is told by no message, is notified: mailboxes are locked once, for all
-- that is delivered in the transaction.
CREATE OR REPLACE FUNCTION write_consents(p_at timestamptz, p_case uuid, p jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE v_completed jsonb := '[]'; v_items jsonb := '[]';
BEGIN
    -- Whoever may know more now is reminded today of what has come, and not when the day ends. Also
    -- of what `tell_deadlines` is just looking at: it is waited for.
    IF p ?| ARRAY['consent', 'vouched'] THEN
        UPDATE deadline d SET ask_on = NULL FROM referral r
        WHERE r.case_id = p_case AND d.referral_id = r.id AND d.told_at IS NULL;
    END IF;
    IF p ?| ARRAY['vouched', 'withdrawn'] THEN
        v_items := changed_items(p_case, p);
        p := jsonb_set(p, '{changes}', coalesce(p -> 'changes', '[]') || v_items);
    END IF;
    IF p ? 'consent' THEN
        INSERT INTO consent (case_id, id, referral_id, message_id, purpose, recipients, classes,
            valid_from, valid_until, recorded_by, claimed)
        SELECT p_case, c.id, c.referral_id, c.message_id, c.purpose, c.recipients, c.classes,
            c.valid_from, c.valid_until, c.recorded_by, c.claimed
        FROM jsonb_to_record(p -> 'consent') AS c (id uuid, referral_id uuid, message_id uuid,
            purpose text, recipients text[], classes text[], valid_from date, valid_until date,
            recorded_by text, claimed boolean);
        IF NOT (p #>> '{consent,claimed}')::boolean THEN
            v_completed := complete_lacking(p_at, p -> 'consent');
        END IF;
    END IF;
    IF p ? 'vouched' THEN
        UPDATE consent SET claimed = false, confirmed_at = p_at,
            confirmed_by = (p #>> '{vouched,by}')::uuid
        WHERE case_id = p_case AND claimed AND p #> '{vouched,confirmed}' ? id::text;
        UPDATE consent SET withdrawn_on = (p #>> '{vouched,today}')::date,
            withdrawn_by = (p #>> '{vouched,by}')::uuid
        WHERE case_id = p_case AND claimed AND p #> '{vouched,refused}' ? id::text;
        PERFORM restore_consents(p_at, p_case, p #> '{vouched,restored}');
        v_completed := v_completed || complete_lacking(p_at, p -> 'vouched');
    END IF;
    IF p ? 'withdrawn' THEN
        -- Each withdrawal of an item can be retracted by itself, but no more than the first four of
        -- them: what is withdrawn again and again would grow without end.
        UPDATE consent AS c SET withdrawn_on = CASE WHEN w.part THEN NULL
                ELSE (p #>> '{withdrawn,on}')::date END,
            withdrawn_items = c.withdrawn_items || w.items,
            taken_by = c.taken_by || array_fill(w.by, ARRAY[cardinality(w.items)]),
            withdrawn_by = w.by
        FROM (SELECT k.id, (p #>> '{withdrawn,by}')::uuid AS by,
                p #> '{withdrawn,part}' ? k.id::text AS part,
                CASE WHEN p #> '{withdrawn,part}' ? k.id::text THEN ARRAY(
                    SELECT i FROM jsonb_array_elements_text(p #> '{withdrawn,items}') AS i
                    WHERE (SELECT count(*) FROM unnest(k.withdrawn_items) AS t WHERE t = i) < 4)
                    ELSE '{}' END AS items
            FROM consent k WHERE k.case_id = p_case AND k.withdrawn_on IS NULL
                AND p #> '{withdrawn,ids}' ? k.id::text) AS w
        WHERE c.case_id = p_case AND c.id = w.id;
        PERFORM withdraw_copies(p_at, p_case, p);
    END IF;
    -- Last: it locks mailboxes, and a withdrawal locks notices before them.
    IF NOT (p #>> '{consent,claimed}')::boolean OR p ? 'vouched' THEN
        PERFORM return_copies(p_at, p, coalesce(p -> 'vouched', p -> 'consent'), v_completed);
    END IF;
    IF v_items <> '[]' THEN
        PERFORM hold_mailboxes('{}', (p -> 'items') || (p -> 'changes'));
        PERFORM deliver(p_at, v_items);
    END IF;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION write_consents(timestamptz, uuid, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
