-- Write a case, its referrals and their parties. Returns false, and writes nothing, if the case
-- has changed since it was loaded, or holds a message that was accepted later than this one.
CREATE OR REPLACE FUNCTION write_case(p_at timestamptz, p_case uuid, p jsonb) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF p #> '{case,expected}' = 'null' THEN
        INSERT INTO "case" (id, version, lead, opened_at, latest_at)
        VALUES (p_case, 1, p #>> '{case,lead}', p_at, p_at);
    ELSE
        UPDATE "case" SET version = version + 1, lead = p #>> '{case,lead}', latest_at = p_at
        WHERE id = p_case AND version = (p #>> '{case,expected}')::bigint AND latest_at <= p_at;
        IF NOT FOUND THEN RETURN false; END IF;
    END IF;
    INSERT INTO referral (id, case_id, flow, reference, state, back, stops, facts, facts_sealed,
        parent_id, opened_at, erased_at, erased_reason)
    SELECT r.id, p_case, r.flow, r.reference, r.state, r.back, coalesce(r.stops, '{}'), r.facts,
        coalesce(r.facts_sealed, false), r.parent_id, p_at, CASE WHEN r.erased_reason IS NOT NULL THEN p_at END, r.erased_reason
    FROM jsonb_to_recordset(p -> 'referrals') AS r (id uuid, flow text, reference text, state text,
        back text[], stops jsonb, facts jsonb, facts_sealed boolean, parent_id uuid, erased_reason text)
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, back = excluded.back, stops = excluded.stops,
        facts = excluded.facts, facts_sealed = excluded.facts_sealed, erased_at = coalesce(referral.erased_at, excluded.erased_at),
        erased_reason = coalesce(referral.erased_reason, excluded.erased_reason);
    INSERT INTO party (referral_id, agency_id, name, classes, by_consent, since, until, flow,
        state, number, view, updated_at)
    SELECT q.referral_id, q.agency_id, q.name, q.classes, q.by_consent, q.since, q.until, q.flow,
        q.view ->> 'state', (q.view ->> 'number')::bigint, q.view, p_at
    FROM jsonb_to_recordset(p -> 'parties') AS q (referral_id uuid, agency_id text, name text,
        classes text[], by_consent boolean, since timestamptz, until timestamptz, flow text,
        view jsonb)
    ON CONFLICT (referral_id, agency_id) DO UPDATE SET name = excluded.name,
        classes = excluded.classes, by_consent = excluded.by_consent, since = excluded.since,
        until = excluded.until, state = excluded.state, number = excluded.number,
        view = excluded.view,
        updated_at = CASE WHEN party.number = excluded.number THEN party.updated_at
                     ELSE excluded.updated_at END;
    RETURN true;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION write_case(timestamptz, uuid, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
