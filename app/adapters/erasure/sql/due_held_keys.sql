-- Referrals of which keys were kept for legal holds that bind no more.
CREATE OR REPLACE FUNCTION due_held_keys(p_most integer) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT ARRAY(SELECT DISTINCT k.referral_id FROM held_key k WHERE NOT keeps_key(k)
        ORDER BY k.referral_id LIMIT p_most)
$$;
REVOKE ALL ON FUNCTION due_held_keys(integer) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION due_held_keys(integer) TO tsunagu_worker;
