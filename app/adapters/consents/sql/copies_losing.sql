-- The agency's copies in a referral that lose some of these classes, or all that they have. What its
-- sender recalled is one of them if it was opened before: the agency has it still.
CREATE OR REPLACE FUNCTION copies_losing(p_agency text, p_referral uuid, p_lost text[])
RETURNS TABLE (message_id uuid, classes text[], wholly boolean)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT c.message_id, ARRAY(SELECT unnest(s.classes) INTERSECT SELECT unnest(p_lost) ORDER BY 1),
        s.classes <@ p_lost
    FROM copy c CROSS JOIN LATERAL (SELECT array_agg(g.class) AS classes FROM segment g
        WHERE g.message_id = c.message_id AND g.class = ANY (c.classes) AND g.class <> 'C0') AS s
    WHERE c.agency_id = p_agency AND c.referral_id = p_referral AND NOT c.sent
        AND s.classes && p_lost AND (c.recalled_at IS NULL
            OR had_classes(p_agency, c.message_id, s.classes, p_referral) <> '{}')
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION copies_losing(text, uuid, text[]) FROM PUBLIC, tsunagu_api, tsunagu_worker;
