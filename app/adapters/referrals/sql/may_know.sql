-- Whether the agency may know of this deadline now: it is a party, and consent covers the class
-- of the deadline where it reads by consent.
CREATE OR REPLACE FUNCTION may_know(p_agency text, p_referral uuid, p_kind text, p_on date)
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM party q WHERE q.referral_id = p_referral
        AND q.agency_id = p_agency AND q.until IS NULL
        AND (deadline_class(p_kind) = 'C0' OR NOT q.by_consent
            OR deadline_class(p_kind) = ANY (covered(p_agency, p_referral, p_on))))
$$;
REVOKE ALL ON FUNCTION may_know(text, uuid, text, date) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION may_know(text, uuid, text, date) TO tsunagu_api;
