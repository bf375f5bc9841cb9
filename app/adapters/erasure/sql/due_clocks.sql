-- Referrals whose clock for a rule has run since `p_since` or earlier, and that are not put off: also
-- those that a hold had put off which binds no more.
CREATE OR REPLACE FUNCTION due_clocks(p_rule text, p_since date, p_most integer)
RETURNS TABLE (id uuid)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    (SELECT referral_id FROM retention WHERE rule = p_rule AND since <= p_since AND NOT held
    ORDER BY since, referral_id LIMIT p_most)
    UNION ALL
    (SELECT t.referral_id FROM (SELECT DISTINCT r.id FROM legal_hold h
        JOIN referral r ON r.case_id = h.case_id
        WHERE h.lifted_at IS NULL AND NOT is_held(r.case_id, r.id)) AS free
    JOIN retention t ON t.referral_id = free.id
    WHERE t.rule = p_rule AND t.since <= p_since AND t.held LIMIT p_most)
$$;
REVOKE ALL ON FUNCTION due_clocks(text, date, integer) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION due_clocks(text, date, integer) TO tsunagu_worker;
