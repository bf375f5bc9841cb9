-- Whether the consent to notify the agency in this referral was withdrawn after `p_since`, and none
-- covers it now. The message that announces the withdrawal itself still has to arrive.
CREATE OR REPLACE FUNCTION consent_lost(
    p_agency text, p_referral uuid, p_since timestamptz, p_today date
) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM referral r JOIN consent c ON c.case_id = r.case_id
            JOIN message m ON m.id = c.withdrawn_by
            WHERE r.id = p_referral AND m.accepted_at > p_since AND NOT c.claimed AND c.recipients
                && ARRAY[p_agency, (SELECT kind FROM agency WHERE id = p_agency)])
        AND covered(p_agency, p_referral, p_today) IS NULL
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION consent_lost(text, uuid, timestamptz, date)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
