-- Whether the agency may see this deadline now: it is a party, and consent covers the class of
-- the deadline where it reads by consent.
CREATE OR REPLACE FUNCTION may_know(p_agency text, p_referral uuid, p_kind text, p_on date)
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM party q WHERE q.referral_id = p_referral
        AND q.agency_id = p_agency AND q.until IS NULL
        AND (NOT q.by_consent OR EXISTS (SELECT FROM deadline_kind k WHERE k.kind = p_kind
            AND (k.class = 'C0' OR k.class = ANY (covered(p_agency, p_referral, p_on))))))
$$;
REVOKE ALL ON FUNCTION may_know(text, uuid, text, date) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION may_know(text, uuid, text, date) TO tsunagu_api;
