-- Whether agencies other than the one that has these classes of a referral erased would lose something,
-- so that they are asked before: as `copies_at_stake` of the domain decides it.
CREATE OR REPLACE FUNCTION others_lose(
    r referral, p_agency text, p_classes text[], p_reason text
) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        -- By message: copies of a referral alone would be looked for at each agency.
        SELECT FROM message m
        CROSS JOIN LATERAL (SELECT * FROM copy WHERE message_id = m.id OFFSET 0) AS c
        JOIN agency a ON a.id = c.agency_id
        JOIN segment s ON s.message_id = c.message_id
            AND s.class = ANY (CASE WHEN c.recalled_at IS NULL THEN c.classes ELSE c.kept END)
        WHERE m.referral_id = r.id AND c.agency_id <> p_agency
            AND s.class = ANY (p_classes) AND s.class <> ALL (r.erased_classes)
            AND (a.connected OR r.state <> 'closed')
            AND (p_reason <> 'mistaken_entry' OR r.state = 'closed' OR relies_on_copy(ROW(c.*)::copy, p_agency)))
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION others_lose(referral, text, text[], text)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
