-- Lease due notices to the worker that asks, in order within each endpoint, and to each agency as
-- many as to any other, however many endpoints it has. The row of an endpoint
-- is locked while notices for it are leased. An endpoint with three failures in a row gets one
-- notice, and rests until that is settled or its lease has expired. One that has not proven that it
-- wants notices gets its challenge alone. Notices that must no longer be
-- sent (recalled, part ended, consent withdrawn, voucher gone) are cancelled here. The settings
-- force plans by index: a plan that is made while the tables are small would read all of them for
-- ever.
CREATE OR REPLACE FUNCTION claim_notices(
    p_at timestamptz, p_until timestamptz, p_today date, p_most integer, p_room integer,
    p_busy uuid[], p_rooms integer[]
) RETURNS TABLE (
    id uuid, webhook_id uuid, "position" bigint, payload text, number integer, tries integer,
    since timestamptz, url text, master integer, secret bytea, old_master integer,
    old_secret bytea
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH open AS MATERIALIZED (
        SELECT w.*, CASE WHEN w.failures >= 3 THEN 1
                    ELSE coalesce(b.room, p_room) END AS room, voucher_gone(w.id) AS gone
        FROM webhook w LEFT JOIN unnest(p_busy, p_rooms) AS b (id, room) ON b.id = w.id
        WHERE w.state <> 'deleted' AND (w.resting_until IS NULL OR w.resting_until <= p_at)
            AND coalesce(b.room, p_room) > 0
            AND EXISTS (SELECT FROM notice n WHERE n.webhook_id = w.id AND n.state = 'pending' AND n.due_at <= p_at
            AND (n.leased_until IS NULL OR n.leased_until <= p_at)
            AND (n.position = -1 OR w.challenge IS NULL AND (w.state = 'active' OR n.position = 0)))
        ORDER BY w.id FOR NO KEY UPDATE OF w SKIP LOCKED
    ), due AS (
        SELECT n.*, w.gone, row_number() OVER (PARTITION BY w.id ORDER BY n.position) AS nth
        FROM open w CROSS JOIN LATERAL (
            SELECT n.* FROM notice n WHERE n.webhook_id = w.id AND n.state = 'pending' AND n.due_at <= p_at
            AND (n.leased_until IS NULL OR n.leased_until <= p_at)
            AND (n.position = -1 OR w.challenge IS NULL AND (w.state = 'active' OR n.position = 0))
            ORDER BY n.position LIMIT w.room FOR UPDATE SKIP LOCKED) AS n
    ), turns AS (
        SELECT d.*, row_number() OVER (PARTITION BY d.agency_id ORDER BY d.nth, d.position) AS turn
        FROM due d
    ), picked AS (
        SELECT d.*, coalesce(d.gone, CASE WHEN i.withdrawn THEN 'consent_withdrawn'
            WHEN i.recalled_at IS NOT NULL THEN 'recalled'
            WHEN q.until > d.created_at THEN 'party_ended'
            WHEN q.by_consent IS TRUE
                    AND consent_lost(d.agency_id, d.referral_id, d.created_at, p_today)
                THEN 'consent_withdrawn' END) AS lost
        FROM (SELECT * FROM turns ORDER BY turn, position LIMIT p_most) AS d
        LEFT JOIN inbox_item i ON i.agency_id = d.agency_id AND i.position = d.position
        LEFT JOIN party q ON q.referral_id = d.referral_id AND q.agency_id = d.agency_id
    ), left_open AS (
        INSERT INTO attempt (notice_id, number, webhook_id, agency_id, at, outcome)
        SELECT p.id, p.attempts, p.webhook_id, p.agency_id, p.leased_until, 'lost'
        FROM picked p WHERE p.leased_until IS NOT NULL
        ON CONFLICT DO NOTHING
    ), cancelled AS (
        UPDATE notice n SET state = 'cancelled', reason = p.lost, settled_at = p_at,
            leased_until = NULL, attempts = n.attempts + 1
        FROM picked p WHERE n.id = p.id AND p.lost IS NOT NULL
        RETURNING n.id, n.attempts, n.webhook_id, n.agency_id, n.reason
    ), told AS (
        INSERT INTO attempt (notice_id, number, webhook_id, agency_id, at, outcome)
        SELECT c.id, c.attempts, c.webhook_id, c.agency_id, p_at, c.reason FROM cancelled c
    ), leased AS (
        UPDATE notice n SET leased_until = p_until, attempts = n.attempts + 1
        FROM picked p WHERE n.id = p.id AND p.lost IS NULL
        RETURNING n.id, n.webhook_id, n.position, n.payload, n.attempts, n.tries, n.since
    ), resting AS (
        UPDATE webhook w SET resting_until = p_until
        WHERE w.failures >= 3 AND w.id IN (SELECT l.webhook_id FROM leased l)
    )
    SELECT l.id, l.webhook_id, l.position, l.payload, l.attempts, l.tries, l.since, w.url,
        w.master, w.secret, CASE WHEN w.old_until > p_at THEN w.old_master END,
        CASE WHEN w.old_until > p_at THEN w.old_secret END
    FROM leased l JOIN open w ON w.id = l.webhook_id ORDER BY l.webhook_id, l.position;
END $$;
REVOKE ALL ON FUNCTION claim_notices(
    timestamptz, timestamptz, date, integer, integer, uuid[], integer[]
) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION claim_notices(
    timestamptz, timestamptz, date, integer, integer, uuid[], integer[]
) TO tsunagu_worker;
