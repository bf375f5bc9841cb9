-- How many messages the agency has sent in a referral, and how many of them since a moment.
CREATE OR REPLACE FUNCTION count_sent(p_agency text, p_referral uuid, p_since timestamptz)
RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object('sent', count(*),
        'today', count(*) FILTER (WHERE m.accepted_at >= p_since))
    FROM message m WHERE m.referral_id = p_referral AND sent_by(m, p_agency)
$$;
REVOKE ALL ON FUNCTION count_sent(text, uuid, timestamptz)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION count_sent(text, uuid, timestamptz) TO tsunagu_api;
