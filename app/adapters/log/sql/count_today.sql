-- Count what an agency does on this day in Japan, and refuse what is too much: nothing of the
-- statement is written then. The limits are those of the session (`app.limits`, by kind); what is
-- not named there has none. `p_counts` is a list of `kind`, `n`, `other` (an agency, where it is
-- about one), `times` (by what the limit is multiplied), and `agency_id` and `at` where these are
-- others than `p_agency` and `p_at`. A count that is a day ahead, since
-- another process saw the midnight first, goes on; any other day begins anew. Rows are taken in
-- one order, and after everything else that a transaction locks, so that no two writers wait for
-- each other.
CREATE OR REPLACE FUNCTION count_today(p_agency text, p_at timestamptz, p_counts jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_limits constant jsonb := nullif(current_setting('app.limits', true), '')::jsonb;
    v_most integer; v_used integer;
    c record;
BEGIN
    IF v_limits IS NULL THEN RETURN; END IF;
    FOR c IN
        SELECT coalesce(q.agency_id, p_agency) AS agency_id, q.kind, coalesce(q.other, '') AS other,
            sum(q.n) AS n, min(coalesce(q.times, 1)) AS times, max(coalesce(q.at, p_at)) AS at,
            (max(coalesce(q.at, p_at)) AT TIME ZONE 'Asia/Tokyo')::date AS day
        FROM jsonb_to_recordset(p_counts) AS q (agency_id text, kind text, other text, n integer,
            times integer, at timestamptz)
        WHERE q.n > 0 AND v_limits ? q.kind AND coalesce(q.agency_id, p_agency) IS NOT NULL
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    LOOP
        v_most := (v_limits ->> c.kind)::integer * c.times;
        INSERT INTO day_count AS d (agency_id, kind, other, day, used)
        VALUES (c.agency_id, c.kind, c.other, c.day, c.n)
        ON CONFLICT (agency_id, kind, other) DO UPDATE SET
            used = CASE WHEN d.day - excluded.day IN (0, 1) THEN d.used ELSE 0 END + excluded.used,
            day = CASE WHEN d.day - excluded.day = 1 THEN d.day ELSE excluded.day END
        RETURNING d.used INTO v_used;
        IF v_used > v_most THEN
            RAISE EXCEPTION 'too many on one day' USING ERRCODE = 'TS429',
                DETAIL = jsonb_build_object('kind', c.kind, 'most', v_most, 'seconds',
                    1 + floor(extract(epoch FROM
                        (c.day + 1)::timestamp AT TIME ZONE 'Asia/Tokyo' - c.at))::integer)::text;
        END IF;
    END LOOP;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION count_today(text, timestamptz, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
