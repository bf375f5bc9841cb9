-- Write referrals and their parties. Rows name by `nth` the case that they belong to, and its time.
CREATE OR REPLACE FUNCTION write_referrals(p jsonb, p_cases uuid[], p_at timestamptz[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO referral (id, case_id, flow, reference, state, back, stops, facts, facts_sealed,
        parent_id, opened_at, erased_at, erased_reason)
    SELECT r.id, p_cases[r.nth], r.flow, r.reference, r.state, r.back, coalesce(r.stops, '{}'),
        r.facts, coalesce(r.facts_sealed, false), r.parent_id, p_at[r.nth],
        CASE WHEN r.erased_reason IS NOT NULL THEN p_at[r.nth] END, r.erased_reason
    FROM jsonb_to_recordset(p -> 'referrals') AS r (nth integer, id uuid, flow text, reference text,
        state text, back text[], stops jsonb, facts jsonb, facts_sealed boolean, parent_id uuid,
        erased_reason text)
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, back = excluded.back,
        stops = excluded.stops, facts = excluded.facts, facts_sealed = excluded.facts_sealed,
        erased_at = coalesce(referral.erased_at, excluded.erased_at),
        erased_reason = coalesce(referral.erased_reason, excluded.erased_reason);
    INSERT INTO party (referral_id, agency_id, name, classes, by_consent, since, until, flow,
        state, number, view, updated_at)
    SELECT q.referral_id, q.agency_id, q.name, q.classes, q.by_consent, q.since, q.until, q.flow,
        q.view ->> 'state', (q.view ->> 'number')::bigint, q.view, p_at[q.nth]
    FROM jsonb_to_recordset(p -> 'parties') AS q (nth integer, referral_id uuid, agency_id text,
        name text, classes text[], by_consent boolean, since timestamptz, until timestamptz,
        flow text, view jsonb)
    ON CONFLICT (referral_id, agency_id) DO UPDATE SET name = excluded.name,
        classes = excluded.classes, by_consent = excluded.by_consent, since = excluded.since,
        until = excluded.until, state = excluded.state, number = excluded.number,
        view = excluded.view,
        updated_at = CASE WHEN party.number = excluded.number THEN party.updated_at
                     ELSE excluded.updated_at END;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION write_referrals(jsonb, uuid[], timestamptz[])
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
