-- The facts of a message that a later one of its referral has stated again, each with the agencies
-- that have a copy of such a one. A correction stands where the message stands that it corrects.
CREATE OR REPLACE FUNCTION restated_facts(m message) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(jsonb_object_agg(x.fact, x.agencies), '{}')
    FROM (
        SELECT f AS fact, array_agg(DISTINCT y.agency_id) AS agencies
        FROM message o CROSS JOIN unnest(o.facts) AS f
        JOIN message w ON w.id = coalesce(o.corrects, o.id)
        JOIN copy y ON y.message_id = w.id AND y.recalled_at IS NULL
        LEFT JOIN copy z ON z.message_id = m.id AND z.agency_id = y.agency_id
            AND z.referral_id = y.referral_id
        WHERE o.referral_id = m.referral_id AND w.id <> m.id AND f = ANY (m.facts)
            AND (w.accepted_at > m.accepted_at OR z.number < y.number)
        GROUP BY f) AS x
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION restated_facts(message) FROM PUBLIC, tsunagu_api, tsunagu_worker;
