-- The immediate effects of a withdrawal: cancel notices, recall unopened copies, request the
-- return of opened ones. It runs in the transaction of the message that withdraws, which has
-- locked the case; opening, printing and sharing lock it too. First the notices are cancelled,
-- then the mailboxes are locked, and only then acknowledgements are read: these can change until
-- the mailbox is locked.
CREATE OR REPLACE FUNCTION withdraw_copies(p_at timestamptz, p_case uuid, p jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    w constant jsonb := p -> 'withdrawn';
    v_by constant uuid := (w ->> 'by')::uuid;
    v_referrals constant uuid[] := ARRAY(
        SELECT jsonb_array_elements_text(w -> 'referrals')::uuid ORDER BY 1);
    v_referral uuid; q party; v_lost text[]; v_messages uuid[];
    v_gone uuid[] := '{}'; v_readers text[] := '{}';
    v_parties party[] := '{}'; v_losses jsonb := '[]'; v_items jsonb := '[]';
BEGIN
    FOREACH v_referral IN ARRAY v_referrals LOOP
        FOR q IN SELECT * FROM party WHERE referral_id = v_referral AND by_consent
            ORDER BY agency_id
        LOOP
            v_lost := just_lost(q.agency_id, v_referral, v_by, (w ->> 'today')::date);
            CONTINUE WHEN v_lost IS NULL;
            v_parties := v_parties || q;
            v_losses := v_losses || jsonb_build_array(to_jsonb(v_lost));
            CONTINUE WHEN q.until IS NOT NULL;
            v_messages := ARRAY(SELECT message_id
                FROM copies_losing(q.agency_id, v_referral, v_lost) WHERE wholly);
            v_gone := v_gone || v_messages;
            v_readers := v_readers || array_fill(q.agency_id, ARRAY[cardinality(v_messages)]);
        END LOOP;
    END LOOP;
    IF cardinality(v_parties) = 0 THEN RETURN; END IF;
    PERFORM cancel_notices(v_readers, v_gone, 'consent_withdrawn', p_at);
    PERFORM hold_mailboxes(v_referrals, (p -> 'items') || coalesce(p -> 'changes', '[]'));
    FOR n IN 1 .. cardinality(v_parties) LOOP
        v_items := v_items || take_back(p_at, p_case, v_parties[n],
            ARRAY(SELECT jsonb_array_elements_text(v_losses -> (n - 1))), w);
    END LOOP;
    IF jsonb_array_length(v_items) > 0 THEN PERFORM deliver(p_at, v_items); END IF;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION withdraw_copies(timestamptz, uuid, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
