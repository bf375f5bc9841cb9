-- Write messages with their sealed segments, the keys made for them, and who may read them. Keys
-- and segments are parts of one byte string, which their rows cut by place and length.
CREATE OR REPLACE FUNCTION write_messages(p jsonb, p_at timestamptz[], p_bytes bytea) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO message (id, referral_id, type, from_party, from_agency, from_seat, caller_agency,
        recipients, occurred_on, accepted_at, legal_basis, urgency, in_reply_to, corrects,
        consent_ids, paper_origin, facts, digest, class_digests, mac, receipt, state_after,
        version_after)
    SELECT m.id, m.referral_id, m.type, m.from_party, m.from_agency, m.from_seat, m.caller_agency,
        m.recipients, m.occurred_on, p_at[m.nth], m.legal_basis, m.urgency, m.in_reply_to, m.corrects,
        m.consent_ids, m.paper_origin, m.facts, m.digest, m.class_digests, decode(m.mac, 'hex'),
        m.receipt, m.state_after, m.version_after
    FROM jsonb_to_recordset(p -> 'messages') AS m (nth integer, id uuid, referral_id uuid, type text,
        from_party text, from_agency text, from_seat text, caller_agency text, recipients jsonb,
        occurred_on date, legal_basis text, urgency text, in_reply_to uuid, corrects uuid,
        consent_ids uuid[], paper_origin jsonb, facts text[], digest text, class_digests jsonb,
        mac text, receipt text, state_after text, version_after text);
    INSERT INTO referral_key (referral_id, class, master, wrapped)
    SELECT k.referral_id, k.class, k.master, substring(p_bytes, k.place, k.length)
    FROM jsonb_to_recordset(p -> 'keys') AS k (referral_id uuid, class text, master integer,
        place integer, length integer);
    INSERT INTO segment (message_id, class, sealed)
    SELECT s.message_id, s.class, substring(p_bytes, s.place, s.length)
    FROM jsonb_to_recordset(p -> 'segments') AS s (message_id uuid, class text, place integer,
        length integer);
    INSERT INTO copy (agency_id, message_id, referral_id, message_referral_id, party, number,
        classes, sent, rests_on, lacking)
    SELECT c.agency_id, c.message_id, c.referral_id, c.message_referral_id, c.party, c.number,
        c.classes, c.sent, coalesce(c.rests_on, '{}'), coalesce(c.lacking, '{}')
    FROM jsonb_to_recordset(p -> 'copies') AS c (agency_id text, message_id uuid,
        referral_id uuid, message_referral_id uuid, party text, number bigint, classes text[],
        sent boolean, rests_on uuid[], lacking text[]);
    IF NOT p ? 'shared' THEN RETURN; END IF;
    -- Of older messages. Whoever has one already gets further classes of it, and reads it from now
    -- on through the referral that the copy names. A recalled copy stays recalled.
    INSERT INTO copy AS old (agency_id, message_id, referral_id, message_referral_id, party, number,
        classes, sent, rests_on)
    SELECT c.agency_id, c.message_id, c.referral_id, c.message_referral_id, c.party, c.number,
        c.classes, false, coalesce(c.rests_on, '{}')
    FROM jsonb_to_recordset(p -> 'shared') AS c (agency_id text, message_id uuid,
        referral_id uuid, message_referral_id uuid, party text, number bigint, classes text[],
        rests_on uuid[])
    ON CONFLICT (agency_id, message_id) DO UPDATE SET
        classes = ARRAY(SELECT DISTINCT x FROM unnest(old.classes || excluded.classes) AS x
            ORDER BY x),
        lacking = ARRAY(SELECT unnest(old.lacking) EXCEPT SELECT unnest(excluded.classes) ORDER BY 1),
        rests_on = ARRAY(SELECT DISTINCT x FROM unnest(old.rests_on || excluded.rests_on) AS x),
        number = CASE WHEN old.referral_id = excluded.referral_id THEN old.number
            ELSE excluded.number END,
        referral_id = excluded.referral_id, party = excluded.party
    WHERE old.recalled_at IS NULL;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION write_messages(jsonb, timestamptz[], bytea)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
