-- Whether an agency may know of a consent: it was told of the message that recorded it, as a party
-- or by whoever was that party before; or something reached it that rests on this consent. It
-- changes with messages that the agency is told of, and with no others.
CREATE OR REPLACE FUNCTION knows_consent(p_agency text, c consent) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM copy y WHERE y.message_id = c.message_id AND y.agency_id = p_agency)
        OR EXISTS (SELECT FROM party q JOIN copy y ON y.message_id = c.message_id
            AND y.referral_id = q.referral_id AND y.party = q.name
            JOIN message m ON m.id = y.message_id
            WHERE q.referral_id = c.referral_id AND q.agency_id = p_agency
                AND q.since > m.accepted_at)
        OR EXISTS (SELECT FROM referral r JOIN copy y ON y.referral_id = r.id
            AND y.agency_id = p_agency WHERE r.case_id = c.case_id AND c.id = ANY (y.rests_on))
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION knows_consent(text, consent) FROM PUBLIC, tsunagu_api, tsunagu_worker;
