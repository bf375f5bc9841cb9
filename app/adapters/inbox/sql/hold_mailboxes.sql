-- Lock the mailboxes of all parties of these referrals and of the recipients of these items, in
-- the order of their ids.
CREATE OR REPLACE FUNCTION hold_mailboxes(p_referrals uuid[], p_items jsonb) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT FROM mailbox WHERE agency_id IN (
        SELECT q.agency_id FROM party q WHERE q.referral_id = ANY (p_referrals)
        UNION SELECT i ->> 'agency_id' FROM jsonb_array_elements(p_items) AS i
    ) ORDER BY agency_id FOR UPDATE
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION hold_mailboxes(uuid[], jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
