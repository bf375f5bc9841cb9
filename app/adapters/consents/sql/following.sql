-- The agencies that follow the answer to a request: those that disclosed the data to the party,
-- or their successors in that part, and the withdrawer if it sees this agency among the parties.
-- An agency whose part has ended follows it no longer.
CREATE OR REPLACE FUNCTION following(p_party party, p_messages uuid[], p_by text) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT w.agency_id ORDER BY w.agency_id), '{}') FROM (
        SELECT here.agency_id
        FROM unnest(p_messages) AS wanted (id) JOIN message m ON m.id = wanted.id
        LEFT JOIN shown s ON s.shown_id = m.id AND s.agency_id = p_party.agency_id
            AND m.referral_id <> p_party.referral_id
        LEFT JOIN message o ON o.id = s.message_id AND o.referral_id = p_party.referral_id
        JOIN party told ON told.referral_id = p_party.referral_id AND told.agency_id = CASE
            WHEN m.referral_id = p_party.referral_id THEN coalesce(m.caller_agency, m.from_agency)
            ELSE coalesce(o.caller_agency, o.from_agency) END
        JOIN party here ON here.referral_id = told.referral_id AND here.name = told.name
            AND here.until IS NULL
        UNION ALL
        SELECT q.agency_id FROM party q WHERE q.referral_id = p_party.referral_id
            AND q.agency_id = p_by AND q.until IS NULL AND q.view -> 'parties'
                @> jsonb_build_array(jsonb_build_object('agency_id', p_party.agency_id))
    ) AS w WHERE w.agency_id <> p_party.agency_id
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION following(party, uuid[], text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
