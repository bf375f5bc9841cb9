-- Whether a legal hold keeps a referral from being erased: until it ends, and
-- only while the agency that set it is a party of that referral. Nobody holds what it may not read.
CREATE OR REPLACE FUNCTION hold_binds(h legal_hold, p_referral uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT h.lifted_at IS NULL AND h.until > now()
        AND (h.whole_case OR h.referral_id = p_referral)
        AND EXISTS (SELECT FROM party q WHERE q.referral_id = p_referral
            AND q.agency_id = h.agency_id AND q.until IS NULL)
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION hold_binds(legal_hold, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
