-- Refuse rows of which the message or referral is not there, as foreign keys would, one query for each
-- row. Only `accept` writes them: segments and copies come with their message, keys and parties
-- with their referral or for one that is there, and nobody deletes a message or a referral.
CREATE OR REPLACE FUNCTION check_owners(p jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_messages constant uuid[] := ARRAY(
        SELECT m.id FROM jsonb_to_recordset(p -> 'messages') AS m (id uuid));
    v_referrals constant uuid[] := ARRAY(
        SELECT r.id FROM jsonb_to_recordset(p -> 'referrals') AS r (id uuid));
BEGIN
    IF EXISTS (
        SELECT FROM jsonb_to_recordset(coalesce(p -> 'segments', '[]')
            || coalesce(p -> 'copies', '[]')) AS x (message_id uuid)
        WHERE (x.message_id = ANY (v_messages)) IS NOT TRUE
    ) OR EXISTS (
        SELECT FROM jsonb_to_recordset(coalesce(p -> 'keys', '[]') || coalesce(p -> 'parties', '[]')
            || coalesce(p -> 'messages', '[]')) AS x (referral_id uuid)
        WHERE (x.referral_id = ANY (v_referrals)) IS NOT TRUE
            AND NOT EXISTS (SELECT FROM referral r WHERE r.id = x.referral_id)
    ) OR p ? 'shared' AND EXISTS (
        SELECT FROM jsonb_to_recordset(p -> 'shared') AS x (message_id uuid)
        WHERE NOT EXISTS (SELECT FROM message m WHERE m.id = x.message_id)
    ) THEN
        RAISE EXCEPTION 'a row belongs to a message or a referral that is not there'
            USING ERRCODE = 'foreign_key_violation';
    END IF;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION check_owners(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
