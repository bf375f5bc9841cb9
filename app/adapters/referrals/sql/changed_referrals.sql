-- The agency's referrals that changed after one of its changes, in the order of commits, and the
-- number of the change from which to go on. Null if the agency has had no such change yet. Both
-- are read by one query: an agency's numbers are committed in their order, so that one snapshot
-- that shows a number shows all before it. Each referral is looked up by its id, in queries of its
-- own: joined, all of the agency would be read and sorted.
CREATE OR REPLACE FUNCTION changed_referrals(
    p_agency text, p_flow text, p_state text, p_after bigint, p_limit integer
) RETURNS text
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_head bigint; v_last bigint; v_count integer; v_shown jsonb;
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    SELECT b.changes, o.last, o.count, o.shown INTO v_head, v_last, v_count, v_shown
    FROM mailbox b CROSS JOIN LATERAL (
        SELECT max(x.number) AS last, count(*) AS count,
            coalesce(jsonb_agg(x.shown ORDER BY x.number), '[]') AS shown
        FROM (
            SELECT c.number, jsonb_build_object('id', r.id, 'case_id', r.case_id,
                'reference', r.reference, 'flow', q.flow, 'state', q.state, 'party', q.name,
                'until', q.until, 'lead', q.view -> 'lead', 'version', q.number,
                'updated_at', q.updated_at) AS shown
            FROM referral_change c
            CROSS JOIN LATERAL (SELECT * FROM party
                WHERE referral_id = c.referral_id AND agency_id = c.agency_id OFFSET 0) AS q
            CROSS JOIN LATERAL (SELECT id, case_id, reference FROM referral
                WHERE id = c.referral_id OFFSET 0) AS r
            WHERE c.agency_id = p_agency AND c.number > p_after
                AND (p_flow IS NULL OR q.flow = p_flow) AND (p_state IS NULL OR q.state = p_state)
            ORDER BY c.number LIMIT p_limit) AS x) AS o
    WHERE b.agency_id = p_agency;
    IF p_after > coalesce(v_head, 0) THEN RETURN NULL; END IF;
    RETURN '{"changes":' || CASE WHEN v_count = p_limit THEN v_last ELSE v_head END
        || ',"referrals":' || v_shown || '}';
END $$;
REVOKE ALL ON FUNCTION changed_referrals(text, text, text, bigint, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION changed_referrals(text, text, text, bigint, integer) TO tsunagu_api;
