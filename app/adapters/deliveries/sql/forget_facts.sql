-- Remove from a reader's view the facts that came from the recalled message alone: one that another
-- message stated as well stays, with its deadline, until a message states it anew. Otherwise a
-- message could be sent and recalled to remove what others had stated. Called by a recall only, of a
-- copy that its reader has not relied upon.
CREATE OR REPLACE FUNCTION forget_facts(p_agency text, p_message uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_copy copy; v_facts text[];
BEGIN
    SELECT * INTO v_copy FROM copy WHERE agency_id = p_agency AND message_id = p_message;
    SELECT array_agg(f) INTO v_facts
    FROM message m CROSS JOIN unnest(m.facts) AS f
    WHERE m.id = p_message AND m.referral_id = v_copy.referral_id AND NOT EXISTS (
        SELECT FROM copy y JOIN message other ON other.id = y.message_id
        WHERE y.agency_id = p_agency AND y.referral_id = v_copy.referral_id
            AND y.message_id <> p_message AND y.recalled_at IS NULL AND f = ANY (other.facts));
    IF v_facts IS NULL THEN RETURN; END IF;
    UPDATE party SET view = jsonb_set(view, '{facts}', (view -> 'facts') - v_facts)
    WHERE referral_id = v_copy.referral_id AND agency_id = p_agency;
    DELETE FROM deadline WHERE referral_id = v_copy.referral_id AND agency_id = p_agency
        AND kind = ANY (v_facts);
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION forget_facts(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
