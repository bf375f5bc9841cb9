-- After a new consent, undo the recall of unopened copies that a withdrawal had recalled, as far
-- as the consent covers them. What is given again is looked up before mailboxes are locked: only
-- the case, which is locked, changes it. One statement a party, however much it gets: another
-- party may have sent all that it could.
CREATE OR REPLACE FUNCTION give_again(p jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_referrals constant uuid[] := ARRAY(
        SELECT jsonb_array_elements_text(p #> '{consent,referrals}')::uuid ORDER BY 1);
    q party; v_ids uuid[]; v_parties party[] := '{}'; v_given jsonb := '[]';
BEGIN
    FOR q IN SELECT * FROM party
        WHERE referral_id = ANY (v_referrals) AND by_consent AND until IS NULL
        ORDER BY referral_id, agency_id
    LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM inbox_item
            WHERE agency_id = q.agency_id AND referral_id = q.referral_id AND withdrawn);
        v_ids := ARRAY(SELECT c.message_id FROM copies_losing(q.agency_id, q.referral_id,
            array_remove(covered(q.agency_id, q.referral_id, (p #>> '{consent,today}')::date),
                'C0')) AS c);
        CONTINUE WHEN v_ids = '{}';
        v_parties := v_parties || q;
        v_given := v_given || jsonb_build_array(to_jsonb(v_ids));
    END LOOP;
    IF cardinality(v_parties) = 0 THEN RETURN; END IF;
    PERFORM hold_mailboxes(v_referrals, (p -> 'items') || coalesce(p -> 'changes', '[]'));
    FOR n IN 1 .. cardinality(v_parties) LOOP
        q := v_parties[n];
        v_ids := ARRAY(SELECT jsonb_array_elements_text(v_given -> (n - 1))::uuid);
        WITH given AS (
            UPDATE inbox_item SET recalled_at = NULL, withdrawn = false
            WHERE agency_id = q.agency_id AND referral_id = q.referral_id AND withdrawn
                AND message_id = ANY (v_ids)
            RETURNING acknowledged_at
        )
        UPDATE mailbox SET opened = opened
            - (SELECT count(*) FROM given WHERE acknowledged_at IS NULL)
        WHERE agency_id = q.agency_id;
    END LOOP;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION give_again(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
