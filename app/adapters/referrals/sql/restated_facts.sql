-- The facts of a message that a later one of its referral has stated again, each with the agencies
-- that have a copy of such a one. A correction, and a correction of one, stands where the message
-- stands that was corrected first: correcting is not stating anew.
CREATE OR REPLACE FUNCTION restated_facts(m message) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE place (id, first_id) AS (
        SELECT o.id, o.id FROM message o WHERE o.referral_id = m.referral_id AND o.corrects IS NULL
        UNION ALL
        SELECT o.id, p.first_id FROM place p JOIN message o ON o.corrects = p.id)
    SELECT coalesce(jsonb_object_agg(x.fact, x.agencies), '{}')
    FROM (
        SELECT f AS fact, array_agg(DISTINCT y.agency_id) AS agencies
        FROM place a JOIN message own ON own.id = a.first_id
        CROSS JOIN place b JOIN message o ON o.id = b.id CROSS JOIN unnest(o.facts) AS f
        JOIN message w ON w.id = b.first_id
        JOIN copy y ON y.message_id = w.id AND y.recalled_at IS NULL
        LEFT JOIN copy z ON z.message_id = own.id AND z.agency_id = y.agency_id
            AND z.referral_id = y.referral_id
        WHERE a.id = m.id AND w.id <> own.id AND f = ANY (m.facts)
            AND (w.accepted_at > own.accepted_at OR z.number < y.number)
        GROUP BY f) AS x
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION restated_facts(message) FROM PUBLIC, tsunagu_api, tsunagu_worker;
