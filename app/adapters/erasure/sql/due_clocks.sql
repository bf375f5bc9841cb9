-- Referrals whose clock for a rule has run since `p_since` or earlier, and that are not put off.
CREATE OR REPLACE FUNCTION due_clocks(p_rule text, p_since date, p_most integer)
RETURNS TABLE (id uuid)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT referral_id FROM retention WHERE rule = p_rule AND since <= p_since AND NOT held
    ORDER BY since, referral_id LIMIT p_most
$$;
REVOKE ALL ON FUNCTION due_clocks(text, date, integer) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION due_clocks(text, date, integer) TO tsunagu_worker;
