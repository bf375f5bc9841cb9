-- The classes that a withdrawal has just taken from an agency, as far as no other consent still
-- gives them. A suspended referral makes no difference here.
CREATE OR REPLACE FUNCTION just_lost(
    p_agency text, p_referral uuid, p_by uuid, p_on date
) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT array_agg(DISTINCT class)
    FROM consents_for(p_agency, p_referral) AS c
    CROSS JOIN unnest(taken_back(c, p_agency)) AS class
    WHERE c.withdrawn_by = p_by AND class <> 'C0' AND class <> ALL (taken_before(c))
        AND NOT taken_before(c)
            && ARRAY[p_agency, (SELECT kind FROM agency WHERE id = p_agency)]
        AND class NOT IN (
            SELECT given FROM consents_for(p_agency, p_referral) AS o
            CROSS JOIN unnest(o.classes) AS given
            WHERE o.withdrawn_on IS NULL AND o.valid_from <= p_on
                AND (o.valid_until IS NULL OR o.valid_until >= p_on)
                AND given <> ALL (taken_back(o, p_agency)))
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION just_lost(text, uuid, uuid, date)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
