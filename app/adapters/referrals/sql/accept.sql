-- Write an accepted message with all that follows from it, in one transaction. Answers false,
-- and writes nothing, if the case has changed since it was loaded: the caller then decides anew.
-- Lock order, here and everywhere: case, deadlines, notices, mailboxes by agency id.
CREATE OR REPLACE FUNCTION accept(
    p jsonb, p_key_referral uuid[], p_key_class text[], p_key_master integer[],
    p_key_wrapped bytea[], p_segment_message uuid[], p_segment_class text[],
    p_segment_sealed bytea[]
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    v_case constant uuid := (p #>> '{case,id}')::uuid;
BEGIN
    IF p #> '{case,expected}' = 'null' THEN
        INSERT INTO "case" (id, version, lead, opened_at)
        VALUES (v_case, 1, p #>> '{case,lead}', v_at);
    ELSE
        UPDATE "case" SET version = version + 1, lead = p #>> '{case,lead}'
        WHERE id = v_case AND version = (p #>> '{case,expected}')::bigint;
        IF NOT FOUND THEN RETURN false; END IF;
    END IF;
    INSERT INTO referral (id, case_id, flow, reference, state, back, facts, parent_id, opened_at,
        erased_at, erased_reason)
    SELECT r.id, v_case, r.flow, r.reference, r.state, r.back, r.facts, r.parent_id, v_at,
        CASE WHEN r.erased_reason IS NOT NULL THEN v_at END, r.erased_reason
    FROM jsonb_to_recordset(p -> 'referrals') AS r (id uuid, flow text, reference text, state text,
        back text[], facts jsonb, parent_id uuid, erased_reason text)
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, back = excluded.back,
        facts = excluded.facts, erased_at = coalesce(referral.erased_at, excluded.erased_at),
        erased_reason = coalesce(referral.erased_reason, excluded.erased_reason);
    INSERT INTO message (id, referral_id, type, from_party, from_agency, from_seat, caller_agency,
        recipients, occurred_on, accepted_at, legal_basis, urgency, in_reply_to, corrects,
        consent_ids, paper_origin, facts, digest, class_digests, mac, receipt, state_after,
        version_after)
    SELECT m.id, m.referral_id, m.type, m.from_party, m.from_agency, m.from_seat, m.caller_agency,
        m.recipients, m.occurred_on, v_at, m.legal_basis, m.urgency, m.in_reply_to, m.corrects,
        m.consent_ids, m.paper_origin, m.facts, m.digest, m.class_digests, decode(m.mac, 'hex'),
        m.receipt, m.state_after, m.version_after
    FROM jsonb_to_recordset(p -> 'messages') AS m (id uuid, referral_id uuid, type text,
        from_party text, from_agency text, from_seat text, caller_agency text, recipients jsonb,
        occurred_on date, legal_basis text, urgency text, in_reply_to uuid, corrects uuid,
        consent_ids uuid[], paper_origin jsonb, facts text[], digest text, class_digests jsonb,
        mac text, receipt text, state_after text, version_after text);
    INSERT INTO referral_key (referral_id, class, master, wrapped)
    SELECT * FROM unnest(p_key_referral, p_key_class, p_key_master, p_key_wrapped);
    INSERT INTO segment (message_id, class, sealed)
    SELECT * FROM unnest(p_segment_message, p_segment_class, p_segment_sealed);
    INSERT INTO party (referral_id, agency_id, name, classes, by_consent, since, until, flow,
        state, number, view, updated_at)
    SELECT q.referral_id, q.agency_id, q.name, q.classes, q.by_consent, q.since, q.until, q.flow,
        q.view ->> 'state', (q.view ->> 'number')::bigint, q.view, v_at
    FROM jsonb_to_recordset(p -> 'parties') AS q (referral_id uuid, agency_id text, name text,
        classes text[], by_consent boolean, since timestamptz, until timestamptz, flow text,
        view jsonb)
    ON CONFLICT (referral_id, agency_id) DO UPDATE SET name = excluded.name,
        classes = excluded.classes, by_consent = excluded.by_consent, since = excluded.since,
        until = excluded.until, state = excluded.state, number = excluded.number,
        view = excluded.view,
        updated_at = CASE WHEN party.number = excluded.number THEN party.updated_at
                     ELSE excluded.updated_at END;
    INSERT INTO copy (agency_id, message_id, referral_id, message_referral_id, party, number,
        classes, sent, rests_on)
    SELECT c.agency_id, c.message_id, c.referral_id, c.message_referral_id, c.party, c.number,
        c.classes, c.sent, coalesce(c.rests_on, '{}')
    FROM jsonb_to_recordset(p -> 'copies') AS c (agency_id text, message_id uuid,
        referral_id uuid, message_referral_id uuid, party text, number bigint, classes text[],
        sent boolean, rests_on uuid[]);
    PERFORM accept_rest(v_at, v_case, p);
    PERFORM write_log(v_at, p -> 'log');
    IF jsonb_array_length(p -> 'items') > 0 THEN
        PERFORM deliver(v_at, p -> 'items');
    END IF;
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION accept(jsonb, uuid[], text[], integer[], bytea[], uuid[], text[], bytea[])
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION accept(jsonb, uuid[], text[], integer[], bytea[], uuid[], text[], bytea[])
    TO tsunagu_api;
