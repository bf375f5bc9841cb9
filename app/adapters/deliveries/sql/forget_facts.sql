-- Remove from a reader's view the facts that came from the recalled message alone: one that another
-- message stated as well stays, with its deadline, until a message states it anew. Otherwise a
-- message could be sent and recalled to remove what others had stated. Whoever has taken the
-- reader's part over was told its facts, and loses those that no message to this part stated.
-- Called by a recall only, of a copy that its reader has not relied upon.
CREATE OR REPLACE FUNCTION forget_facts(p_agency text, p_message uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_copy copy; v_part party; v_holder text; v_facts text[];
BEGIN
    SELECT * INTO v_copy FROM copy WHERE agency_id = p_agency AND message_id = p_message;
    SELECT * INTO v_part FROM party
    WHERE referral_id = v_copy.referral_id AND agency_id = p_agency;
    FOR v_holder IN
        SELECT q.agency_id FROM party q
        WHERE q.referral_id = v_copy.referral_id AND (q.agency_id = p_agency
            OR v_part.until IS NOT NULL AND q.name = v_part.name AND q.until IS NULL
                AND NOT EXISTS (SELECT FROM copy own WHERE own.message_id = p_message
                    AND own.agency_id = q.agency_id AND own.referral_id = q.referral_id))
    LOOP
        SELECT array_agg(f) INTO v_facts
        FROM message m CROSS JOIN unnest(m.facts) AS f
        WHERE m.id = p_message AND m.referral_id = v_copy.referral_id AND NOT EXISTS (
            SELECT FROM copy y JOIN message other ON other.id = y.message_id
            JOIN party reader ON reader.referral_id = y.referral_id
                AND reader.agency_id = y.agency_id
            WHERE y.referral_id = v_copy.referral_id AND y.message_id <> p_message
                AND y.recalled_at IS NULL AND f = ANY (other.facts)
                AND (y.agency_id = v_holder OR v_holder <> p_agency AND reader.name = v_part.name));
        CONTINUE WHEN v_facts IS NULL;
        UPDATE party SET view = jsonb_set(view, '{facts}', (view -> 'facts') - v_facts)
        WHERE referral_id = v_copy.referral_id AND agency_id = v_holder;
        DELETE FROM deadline WHERE referral_id = v_copy.referral_id AND agency_id = v_holder
            AND kind = ANY (v_facts);
    END LOOP;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION forget_facts(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
