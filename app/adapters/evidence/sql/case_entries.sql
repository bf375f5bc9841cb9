-- The log entries about these messages of a case that one agency may read. First those that prove a
-- message (`proves`); then those that tell of it or of the case, at most `p_most`: the newest of each
-- acting agency in turn, and of what one did, of each kind in turn. They are read by who did them
-- and what kind they are, so that nobody's entries are in the way of others': at most `p_most` of a
-- kind about the case, and 1,000 about a message. So what is read is bounded by the agencies that
-- there are. Of what one seat opened again and again, the first and the last entry come, with the
-- number of `times`. At most 1,000 openings of a message are read of each agency, and the first.
-- `left_out` counts what was read and does not come: it is 0 only if all there is comes. Runs as
-- the owner, since whom a message was shown to is for nobody else to read.
CREATE OR REPLACE FUNCTION case_entries(
    p_agency text, p_case uuid, p_messages uuid[], p_most integer
) RETURNS TABLE (index bigint, entry text, proves boolean, times bigint, left_out bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET jit = off AS $$
BEGIN
    PERFORM act_for(p_agency);
    RETURN QUERY WITH RECURSIVE proving AS MATERIALIZED (
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
        SELECT o.agency_id, count(*) AS times,
            (array_agg(o.id ORDER BY o.at, o.id))[1] AS first_id,
            (array_agg(o.id ORDER BY o.at DESC, o.id DESC))[1] AS last_id
        FROM opened o GROUP BY o.message_id, o.agency_id, o.seat_id
    ), source AS (
        SELECT w.about, f.acting_agency, f.kind FROM unnest(p_messages || p_case) AS w (about)
        CROSS JOIN LATERAL (
            SELECT r.acting_agency, r.kind FROM log_reader r
            WHERE r.agency_id = p_agency AND r.about = w.about
            ORDER BY r.acting_agency, r.kind LIMIT 1) AS f
        UNION ALL
        SELECT s.about, f.acting_agency, f.kind FROM source s CROSS JOIN LATERAL (
            SELECT r.acting_agency, r.kind FROM log_reader r
            WHERE r.agency_id = p_agency AND r.about = s.about
                AND (r.acting_agency, r.kind) > (s.acting_agency, s.kind)
            ORDER BY r.acting_agency, r.kind LIMIT 1) AS f
    ), telling AS MATERIALIZED (
        SELECT d.id, d.agency_id, 'disclosure' AS kind, d.times, false AS is_beyond,
            (SELECT r.index FROM log_reader r WHERE r.entry_id = d.id AND r.agency_id = p_agency)
        FROM (SELECT f.first_id AS id, f.agency_id, f.times FROM folded f
            UNION SELECT f.last_id, f.agency_id, f.times FROM folded f) AS d
        UNION ALL
        SELECT t.entry_id, s.acting_agency, s.kind, NULL, t.nth > s.most, t.index
        FROM (SELECT *, CASE about WHEN p_case THEN p_most ELSE 1000 END AS most FROM source) AS s
        CROSS JOIN LATERAL (
            SELECT r.entry_id, r.index, row_number() OVER (ORDER BY r.index DESC) AS nth
            FROM log_reader r WHERE r.agency_id = p_agency AND r.about = s.about
                AND r.acting_agency = s.acting_agency AND r.kind = s.kind
            ORDER BY r.index DESC LIMIT s.most + 1) AS t
    ), placed AS (
        SELECT t.*, row_number() OVER (
            PARTITION BY t.agency_id, t.kind ORDER BY t.index DESC, t.id DESC) AS nth
        FROM telling t WHERE NOT t.is_beyond
    ), chosen AS MATERIALIZED (
        SELECT r.id, r.index, r.times FROM (SELECT p.*, row_number() OVER (
            PARTITION BY p.agency_id ORDER BY p.nth, p.kind) AS place FROM placed p) AS r
        ORDER BY r.place, r.agency_id LIMIT p_most
    ), counted AS (
        SELECT (SELECT count(*) FROM telling) + (SELECT coalesce(sum(d.times - 2), 0) FROM folded d
            WHERE d.times > 2) - (SELECT count(*) FROM chosen) AS left_out
    )
    SELECT w.index, leaf_form(e)::text, w.proves, w.times, n.left_out::bigint
    FROM (SELECT p.id, true AS proves, NULL::bigint AS times,
            (SELECT r.index FROM log_reader r WHERE r.entry_id = p.id AND r.agency_id = p_agency)
        FROM proving p
        UNION ALL SELECT c.id, false, c.times, c.index FROM chosen c) AS w
    JOIN log_entry e ON e.id = w.id CROSS JOIN counted n;
END $$;
REVOKE ALL ON FUNCTION case_entries(text, uuid, uuid[], integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION case_entries(text, uuid, uuid[], integer) TO tsunagu_api;
