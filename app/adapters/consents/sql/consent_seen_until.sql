-- Until when an agency with a part in the case sees what becomes of a consent that it knows:
-- until its part ends where the consent was recorded; for a recipient, and for whoever has no part
-- there, until its last part in the case does.
CREATE OR REPLACE FUNCTION consent_seen_until(p_agency text, c consent) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT greatest(here.until, CASE WHEN here.until IS NULL
        OR c.recipients && ARRAY[p_agency, (SELECT kind FROM agency WHERE id = p_agency)]
        THEN anywhere.until END)
    FROM (SELECT max(coalesce(q.until, 'infinity')) AS until FROM party q
        WHERE q.referral_id = c.referral_id AND q.agency_id = p_agency) AS here
    CROSS JOIN (SELECT max(coalesce(q.until, 'infinity')) AS until
        FROM referral r JOIN party q ON q.referral_id = r.id AND q.agency_id = p_agency
        WHERE r.case_id = c.case_id) AS anywhere
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION consent_seen_until(text, consent) FROM PUBLIC, tsunagu_api, tsunagu_worker;
