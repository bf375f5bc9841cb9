-- Record the outcomes of attempts, and update notices and endpoints. Answers the agencies that were
-- notified of an endpoint which was paused or disabled.
CREATE OR REPLACE FUNCTION settle_notices(
    p_at timestamptz, p_ids uuid[], p_leases timestamptz[], p_webhooks uuid[],
    p_numbers integer[], p_ats timestamptz[], p_outcomes text[], p_statuses integer[],
    p_took integer[], p_answers bytea[], p_dues timestamptz[], p_rests timestamptz[],
    p_tests boolean[]
) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE v record; v_told text[] := '{}'; v_agency text;
BEGIN
    PERFORM FROM webhook WHERE id = ANY (p_webhooks) ORDER BY id FOR NO KEY UPDATE;
    PERFORM hold_notices(p_ids);
    WITH result AS (
        SELECT * FROM unnest(p_ids, p_leases, p_webhooks, p_numbers, p_ats, p_outcomes, p_statuses,
            p_took, p_answers, p_dues)
            AS r (id, lease, webhook_id, number, at, outcome, status, took, answer, due)
    ), written AS (
        INSERT INTO attempt (notice_id, number, webhook_id, agency_id, at, outcome, status,
            took_ms, answer)
        SELECT r.id, r.number, r.webhook_id, w.agency_id, r.at, r.outcome, r.status, r.took,
            r.answer
        FROM result r JOIN webhook w ON w.id = r.webhook_id
        ON CONFLICT (notice_id, number) DO UPDATE SET at = excluded.at,
            outcome = excluded.outcome, status = excluded.status, took_ms = excluded.took_ms,
            answer = excluded.answer
    )
    UPDATE notice n SET leased_until = NULL, tries = n.tries + 1,
        state = CASE WHEN r.outcome = 'delivered' THEN 'delivered'
                     WHEN r.due IS NULL THEN 'failed' ELSE 'pending' END,
        due_at = coalesce(r.due, n.due_at),
        settled_at = CASE WHEN r.due IS NULL THEN p_at END,
        reason = CASE WHEN r.outcome <> 'delivered' AND r.due IS NULL THEN 'used_up' END
    FROM result r WHERE n.id = r.id AND n.state <> 'delivered'
        AND (r.outcome = 'delivered' OR n.leased_until = r.lease);
    UPDATE webhook w SET challenge = NULL
    FROM unnest(p_ids, p_outcomes) AS u (id, outcome)
    WHERE w.challenge = u.id AND u.outcome = 'delivered' AND w.id = ANY (p_webhooks);
    -- Notices before mailboxes, and these by agency: whoever else takes both takes them so.
    FOR v IN
        SELECT DISTINCT u.webhook_id FROM unnest(p_webhooks, p_outcomes) AS u (webhook_id, outcome)
        WHERE u.outcome = 'delivered' ORDER BY u.webhook_id
    LOOP
        PERFORM reached_endpoint(v.webhook_id, p_at);
    END LOOP;
    FOR v IN
        SELECT r.webhook_id,
            coalesce(bool_or(r.outcome = 'gone' AND NOT r.test), false) AS gone,
            count(*) FILTER (WHERE r.outcome <> 'delivered' AND NOT r.test
                AND r.nth > r.last_good) AS failures,
            max(r.rest) FILTER (WHERE NOT r.test) AS rest
        FROM (SELECT u.*, coalesce(max(u.nth) FILTER (WHERE u.outcome = 'delivered')
                OVER (PARTITION BY u.webhook_id), 0) AS last_good
            FROM unnest(p_webhooks, p_outcomes, p_rests, p_tests) WITH ORDINALITY
                AS u (webhook_id, outcome, rest, test, nth)) AS r
        JOIN webhook w ON w.id = r.webhook_id
        GROUP BY r.webhook_id, w.agency_id ORDER BY w.agency_id, r.webhook_id
    LOOP
        IF v.failures > 0 THEN
            v_agency := missed_endpoint(v.webhook_id, p_at, v.failures::integer, v.rest, v.gone);
            v_told := v_told || v_agency;
        END IF;
    END LOOP;
    INSERT INTO attempt_total (outcome, count)
    SELECT o, count(*) FROM unnest(p_outcomes) AS o GROUP BY o ORDER BY o
    ON CONFLICT (outcome) DO UPDATE SET count = attempt_total.count + excluded.count;
    RETURN array_remove(v_told, NULL);
END $$;
REVOKE ALL ON FUNCTION settle_notices(
    timestamptz, uuid[], timestamptz[], uuid[], integer[], timestamptz[], text[], integer[],
    integer[], bytea[], timestamptz[], timestamptz[], boolean[]
) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION settle_notices(
    timestamptz, uuid[], timestamptz[], uuid[], integer[], timestamptz[], text[], integer[],
    integer[], bytea[], timestamptz[], timestamptz[], boolean[]
) TO tsunagu_worker;
