-- Recall copies from one party. An unopened copy becomes a tombstone; for an opened one a
-- request to return is made. Returns the inbox items to deliver.
CREATE OR REPLACE FUNCTION take_back(
    p_at timestamptz, p_case uuid, p_party party, p_lost text[], w jsonb
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v record; v_had text[];
    v_messages uuid[] := '{}'; v_classes text[] := '{}'; v_unread uuid[] := '{}'; v_stones integer;
BEGIN
    FOR v IN SELECT * FROM copies_losing(p_party.agency_id, p_party.referral_id, p_lost)
    LOOP
        v_had := had_classes(p_party.agency_id, v.message_id, v.classes,
            p_party.referral_id);
        IF v_had <> '{}' THEN
            v_messages := v_messages || v.message_id;
            v_classes := v_classes || v_had;
        ELSIF v.wholly AND p_party.until IS NULL THEN
            v_unread := v_unread || v.message_id;
        END IF;
    END LOOP;
    UPDATE inbox_item SET recalled_at = p_at, withdrawn = true
    WHERE agency_id = p_party.agency_id AND message_id = ANY (v_unread)
        AND kind = 'message' AND recalled_at IS NULL AND opened_at IS NULL
        AND acknowledged_at IS NULL AND printed_at IS NULL;
    GET DIAGNOSTICS v_stones = ROW_COUNT;
    UPDATE mailbox SET opened = opened + v_stones
    WHERE agency_id = p_party.agency_id AND v_stones > 0;
    IF v_messages = '{}' THEN RETURN '[]'; END IF;
    RETURN ask_back(p_at, p_case, p_party, v_messages,
        ARRAY(SELECT DISTINCT unnest(v_classes) ORDER BY 1), w);
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION take_back(timestamptz, uuid, party, text[], jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
