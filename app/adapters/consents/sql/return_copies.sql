-- After a new consent, undo the recall of unopened copies that a withdrawal had recalled, as far
-- as the consent covers them, and notify those who got them, or whose copies it completed
-- (`p_completed`), where no message does. `p_given` is the consent, or what was vouched for. What
-- is given again waits unacknowledged: an acknowledgement was that of the tombstone. Its term
-- begins anew. When it was a tombstone is kept for agencies whose part ended meanwhile. It is
-- looked up before mailboxes are locked: only the case, which is locked, changes it. One statement a
-- party, however much it gets: another party may have sent all that it could.
CREATE OR REPLACE FUNCTION return_copies(
    p_at timestamptz, p jsonb, p_given jsonb, p_completed jsonb
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_referrals constant uuid[] := ARRAY(
        SELECT jsonb_array_elements_text(p_given -> 'referrals')::uuid ORDER BY 1);
    q party; v_ids uuid[]; v_completed uuid[];
    v_parties party[] := '{}'; v_given jsonb := '[]'; v_notices jsonb := '[]';
BEGIN
    FOR q IN SELECT * FROM party
        WHERE referral_id = ANY (v_referrals) AND by_consent AND until IS NULL
        ORDER BY referral_id, agency_id
    LOOP
        v_completed := ARRAY(SELECT c.message_id
            FROM jsonb_to_recordset(p_completed) AS c (agency_id text, referral_id uuid,
                message_id uuid)
            WHERE c.agency_id = q.agency_id AND c.referral_id = q.referral_id);
        v_ids := '{}';
        IF EXISTS (SELECT FROM inbox_item
            WHERE agency_id = q.agency_id AND referral_id = q.referral_id AND withdrawn)
        THEN
            v_ids := ARRAY(SELECT i.message_id
                FROM copies_losing(q.agency_id, q.referral_id, array_remove(covered(q.agency_id,
                    q.referral_id, (p_given ->> 'today')::date), 'C0')) AS c
                JOIN inbox_item i ON i.agency_id = q.agency_id AND i.message_id = c.message_id
                    AND i.kind = 'message'
                WHERE i.referral_id = q.referral_id AND i.withdrawn);
        END IF;
        CONTINUE WHEN v_ids || v_completed = '{}';
        v_parties := v_parties || q;
        v_given := v_given || jsonb_build_array(to_jsonb(v_ids));
        PERFORM write_returned_terms(p_at, q.agency_id, v_ids, p_given -> 'terms');
        v_notices := v_notices || returned_items(q, v_ids || v_completed, p -> 'items');
    END LOOP;
    IF cardinality(v_parties) = 0 THEN RETURN; END IF;
    PERFORM hold_mailboxes(v_referrals, (p -> 'items') || coalesce(p -> 'changes', '[]'));
    FOR n IN 1 .. cardinality(v_parties) LOOP
        q := v_parties[n];
        v_ids := ARRAY(SELECT jsonb_array_elements_text(v_given -> (n - 1))::uuid);
        WITH tombstone AS (
            SELECT agency_id, position, acknowledged_at IS NOT NULL AS acknowledged FROM inbox_item
            WHERE agency_id = q.agency_id AND message_id = ANY (v_ids) AND kind = 'message'
        ), given AS (
            UPDATE inbox_item i SET recalled_at = NULL, withdrawn = false, acknowledged_at = NULL,
                acknowledged_by = NULL, acknowledged_as_tombstone = false,
                tombstones = CASE WHEN EXISTS (SELECT FROM party e
                    WHERE e.referral_id = q.referral_id AND e.until BETWEEN i.recalled_at AND p_at)
                    THEN i.tombstones + tstzmultirange(tstzrange(i.recalled_at,
                        greatest(i.recalled_at, p_at))) ELSE i.tombstones END
            FROM tombstone t WHERE i.agency_id = t.agency_id AND i.position = t.position
            RETURNING t.acknowledged
        )
        UPDATE mailbox SET opened = opened - (SELECT count(*) FROM given),
            acknowledged = acknowledged - (SELECT count(*) FROM given WHERE given.acknowledged)
        WHERE agency_id = q.agency_id AND v_ids <> '{}';
    END LOOP;
    PERFORM deliver(p_at, v_notices);
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION return_copies(timestamptz, jsonb, jsonb, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
