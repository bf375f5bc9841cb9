-- The log entries about these messages of a case that one agency may read. First those that prove a
-- message (`proves`); then those that tell of it, at most `p_most`, the newest of each acting agency
-- in turn: no agency can push out what others did. Of what one seat opened again and again, the
-- first and the last entry come, with the number of `times`. At most 1,000 openings of a message are
-- read of each agency, and the first. `left_out` counts what does not come. Runs as the owner, since
-- whom a message was shown to is for nobody else to read.
CREATE OR REPLACE FUNCTION case_entries(
    p_agency text, p_case uuid, p_messages uuid[], p_most integer
) RETURNS TABLE (index bigint, entry text, proves boolean, times bigint, left_out bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    PERFORM act_for(p_agency);
    RETURN QUERY WITH proving AS MATERIALIZED (
        SELECT e.id FROM message m JOIN log_entry e ON e.case_id = p_case
            AND e.at = m.accepted_at AND e.message_id = m.id AND e.kind = 'acceptance'
        WHERE m.id = ANY (p_messages) AND p_agency = ANY (e.agencies)
        UNION
        SELECT e.id FROM unnest(p_messages) AS w (id) CROSS JOIN LATERAL (
            SELECT f.id FROM shown s JOIN message o ON o.id = s.message_id
            JOIN log_entry f ON f.case_id = p_case AND f.at = o.accepted_at
                AND f.message_id = s.shown_id AND f.kind = 'sharing'
            WHERE s.shown_id = w.id AND p_agency = ANY (f.agencies)
            ORDER BY f.at, f.id LIMIT 20) AS e
    ), opened AS MATERIALIZED (
        SELECT o.id, c.message_id, c.agency_id, o.seat_id, o.at
        FROM copy c CROSS JOIN LATERAL (
            (SELECT e.id, e.seat_id, e.at FROM log_entry e WHERE e.kind = 'disclosure'
                AND e.detail -> 'classes' <> '[]' AND e.message_id = c.message_id
                AND e.agency_id = c.agency_id AND p_agency = ANY (e.agencies)
                ORDER BY e.at DESC, e.id DESC LIMIT 1000)
            UNION
            (SELECT e.id, e.seat_id, e.at FROM log_entry e WHERE e.kind = 'disclosure'
                AND e.detail -> 'classes' <> '[]' AND e.message_id = c.message_id
                AND e.agency_id = c.agency_id AND p_agency = ANY (e.agencies)
                ORDER BY e.at, e.id LIMIT 1)) AS o
        WHERE c.message_id = ANY (p_messages)
    ), folded AS MATERIALIZED (
        SELECT o.agency_id, count(*) AS times, min(o.at) AS since, max(o.at) AS until,
            (array_agg(o.id ORDER BY o.at, o.id))[1] AS first_id,
            (array_agg(o.id ORDER BY o.at DESC, o.id DESC))[1] AS last_id
        FROM opened o GROUP BY o.message_id, o.agency_id, o.seat_id
    ), telling AS MATERIALIZED (
        SELECT d.first_id AS id, d.agency_id, d.since AS at, d.times FROM folded d
        UNION
        SELECT d.last_id, d.agency_id, d.until, d.times FROM folded d
        UNION ALL
        (SELECT e.id, coalesce(e.agency_id, ''), e.at, NULL::bigint FROM log_entry e
        WHERE e.case_id = p_case AND p_agency = ANY (e.agencies)
            AND e.kind NOT IN ('acceptance', 'sharing', 'disclosure')
            AND (e.message_id IS NULL OR e.message_id = ANY (p_messages))
        ORDER BY e.at DESC, e.id DESC LIMIT 2 * p_most)
    ), chosen AS MATERIALIZED (
        SELECT r.id, r.times FROM (SELECT t.*, row_number() OVER (
            PARTITION BY t.agency_id ORDER BY t.at DESC, t.id DESC) AS place FROM telling t) AS r
        ORDER BY r.place, r.agency_id LIMIT p_most
    ), counted AS (
        SELECT (SELECT count(*) FROM telling) + (SELECT coalesce(sum(d.times - 2), 0) FROM folded d
            WHERE d.times > 2) - (SELECT count(*) FROM chosen) AS left_out
    )
    SELECT (SELECT r.index FROM log_reader r WHERE r.entry_id = e.id AND r.agency_id = p_agency),
        leaf_form(e)::text, w.proves, w.times, n.left_out::bigint
    FROM (SELECT p.id, true AS proves, NULL::bigint AS times FROM proving p
        UNION ALL SELECT c.id, false, c.times FROM chosen c) AS w
    JOIN log_entry e ON e.id = w.id CROSS JOIN counted n;
END $$;
REVOKE ALL ON FUNCTION case_entries(text, uuid, uuid[], integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION case_entries(text, uuid, uuid[], integer) TO tsunagu_api;
