-- The consents of a case that an agency knows of: it was told of the message that recorded one, as
-- a party or by whoever was that party before; or something reached it that rests on it. They
-- change with messages that the agency is told of, and with no others. The rule of `knows_consent`,
-- for all at once. It is asked with every message, so
-- what it costs grows with the copies of the agency alone, and one plan serves every call.
CREATE OR REPLACE FUNCTION known_consents(p_agency text, p_case uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN ARRAY(
        SELECT c.id FROM consent c
        JOIN copy y ON y.message_id = c.message_id AND y.agency_id = p_agency
        WHERE c.case_id = p_case
        UNION
        SELECT c.id FROM consent c
        JOIN party q ON q.referral_id = c.referral_id AND q.agency_id = p_agency
        JOIN copy y ON y.message_id = c.message_id AND y.referral_id = q.referral_id
            AND y.party = q.name
        JOIN message m ON m.id = y.message_id
        WHERE c.case_id = p_case AND q.since > m.accepted_at
        UNION
        SELECT unnest(y.rests_on) FROM referral r
        JOIN copy y ON y.referral_id = r.id AND y.agency_id = p_agency
        WHERE r.case_id = p_case AND y.rests_on <> '{}');
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION known_consents(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
