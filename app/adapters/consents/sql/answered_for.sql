-- When the agency last answered a request to return this class of this message; -infinity if it
-- never did.
CREATE OR REPLACE FUNCTION answered_for(
    p_agency text, p_message uuid, p_class text, p_referral uuid
) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(max(x.answered_at), '-infinity')
    FROM referral r JOIN return_request x ON x.case_id = r.case_id
    WHERE r.id = p_referral AND x.agency_id = p_agency AND x.referral_id = p_referral
        AND p_message = ANY (x.message_ids) AND p_class = ANY (x.classes)
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION answered_for(text, uuid, text, uuid)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
