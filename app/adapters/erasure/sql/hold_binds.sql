-- Whether a legal hold keeps a referral from being erased: until it ends, and only while the agency
-- that set it is a party of that referral; if it holds the whole case, also of another one through
-- which it has a message of this one. Nobody holds what it may not read.
CREATE OR REPLACE FUNCTION hold_binds(h legal_hold, p_referral uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT h.lifted_at IS NULL AND h.until > now()
        AND (h.whole_case OR h.referral_id = p_referral)
        AND (EXISTS (SELECT FROM party q WHERE q.referral_id = p_referral
                AND q.agency_id = h.agency_id AND q.until IS NULL)
            OR h.whole_case AND EXISTS (SELECT FROM copy c
                JOIN party q ON q.referral_id = c.referral_id AND q.agency_id = c.agency_id
                WHERE c.message_referral_id = p_referral AND c.agency_id = h.agency_id
                    AND c.recalled_at IS NULL AND q.until IS NULL))
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION hold_binds(legal_hold, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
