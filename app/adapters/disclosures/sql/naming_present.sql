-- Log entries of an agency that opens messages, without the other agencies whose part in the referral
-- has ended: what is done with their messages from then on is not for them to know.
CREATE OR REPLACE FUNCTION naming_present(p_entries jsonb, p_agency text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(jsonb_agg(e.entry || jsonb_build_object('agencies', (
        SELECT jsonb_agg(a ORDER BY a) FROM jsonb_array_elements_text(e.entry -> 'agencies') AS a
        WHERE a = p_agency OR NOT EXISTS (SELECT FROM party q
            WHERE q.referral_id = (e.entry ->> 'referral_id')::uuid AND q.agency_id = a
                AND q.until IS NOT NULL))) ORDER BY e.nth), '[]')
    FROM jsonb_array_elements(p_entries) WITH ORDINALITY AS e (entry, nth)
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION naming_present(jsonb, text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
