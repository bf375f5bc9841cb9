-- Take back the last withdrawal of each of these consents: it was recorded in error. What earlier
-- withdrawals took of it stays taken. What it was is kept if some part has ended since this was
-- done last: whoever had that part sees the consent as of then.
CREATE OR REPLACE FUNCTION restore_consents(p_at timestamptz, p_case uuid, p_ids jsonb)
RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE consent SET withdrawn_on = NULL, withdrawn_items = left_over.items,
        taken_by = left_over.takers,
        withdrawn_by = left_over.takers[cardinality(left_over.takers)],
        before_retractions = CASE WHEN EXISTS (SELECT FROM referral r
                JOIN party q ON q.referral_id = r.id
                WHERE r.case_id = p_case AND q.until >= coalesce(
                    (consent.before_retractions -> -1 ->> 'retracted_at')::timestamptz,
                    '-infinity'))
            THEN consent.before_retractions || jsonb_build_object('retracted_at', p_at,
                'withdrawn_on', consent.withdrawn_on, 'withdrawn_by', consent.withdrawn_by,
                'withdrawn_items', consent.withdrawn_items, 'taken_by', consent.taken_by)
            ELSE consent.before_retractions END
    FROM (
        SELECT c.id, coalesce(array_agg(t.item ORDER BY t.place) FILTER (WHERE t.stays), '{}')
                AS items,
            coalesce(array_agg(t.taker ORDER BY t.place) FILTER (WHERE t.stays), '{}') AS takers
        FROM consent c LEFT JOIN LATERAL (
            SELECT u.item, u.taker, u.place,
                c.withdrawn_on IS NOT NULL OR u.taker <> c.withdrawn_by AS stays
            FROM unnest(c.withdrawn_items, c.taken_by) WITH ORDINALITY AS u (item, taker, place)
        ) AS t ON true
        WHERE c.case_id = p_case AND p_ids ? c.id::text
        GROUP BY c.id
    ) AS left_over
    WHERE consent.case_id = p_case AND consent.id = left_over.id
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION restore_consents(timestamptz, uuid, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
