-- What the agency may read of a case: the messages of each of its referrals by its own numbers, with
-- the size of their sealed content, so that bundles can be planned before anything is opened.
CREATE OR REPLACE FUNCTION case_contents(p_agency text, p_case uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(jsonb_build_array(c.referral_id, c.number, c.message_id,
            (SELECT coalesce(sum(octet_length(g.sealed)), 0) FROM segment g
             WHERE g.message_id = c.message_id))
            ORDER BY q.since, q.referral_id, c.number), '[]')
        FROM referral r JOIN party q ON q.referral_id = r.id AND q.agency_id = p_agency
        JOIN copy c ON c.referral_id = r.id AND c.agency_id = p_agency
        WHERE r.case_id = p_case);
END $$;
REVOKE ALL ON FUNCTION case_contents(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION case_contents(text, uuid) TO tsunagu_api;
