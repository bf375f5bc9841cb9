-- After a new consent, undo the recall of unopened copies that a withdrawal had recalled, as far
-- as the consent covers them.
CREATE OR REPLACE FUNCTION give_again(p jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_referrals constant uuid[] := ARRAY(
        SELECT jsonb_array_elements_text(p #> '{consent,referrals}')::uuid ORDER BY 1);
    v_referral uuid; q party; i inbox_item; v_now text[]; v_held boolean := false;
BEGIN
    FOREACH v_referral IN ARRAY v_referrals LOOP
        FOR q IN SELECT * FROM party
            WHERE referral_id = v_referral AND by_consent AND until IS NULL
        LOOP
            FOR i IN SELECT * FROM inbox_item
                WHERE agency_id = q.agency_id AND referral_id = v_referral AND withdrawn
            LOOP
                IF NOT v_held THEN
                    PERFORM hold_mailboxes(v_referrals,
                        (p -> 'items') || coalesce(p -> 'changes', '[]'));
                    v_held := true;
                END IF;
                v_now := covered(q.agency_id, v_referral, (p #>> '{consent,today}')::date);
                CONTINUE WHEN NOT EXISTS (SELECT FROM copies_losing(q.agency_id, v_referral,
                    array_remove(v_now, 'C0')) AS c WHERE c.message_id = i.message_id);
                UPDATE inbox_item SET recalled_at = NULL, withdrawn = false
                WHERE agency_id = i.agency_id AND position = i.position
                RETURNING * INTO i;
                UPDATE mailbox SET opened = opened - 1
                WHERE agency_id = i.agency_id AND i.acknowledged_at IS NULL;
            END LOOP;
        END LOOP;
    END LOOP;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION give_again(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
