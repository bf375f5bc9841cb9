-- The classes of a referral whose keys were kept for legal holds that have ended since, and the
-- agencies that held. The case is locked.
CREATE OR REPLACE FUNCTION read_held_keys(p_referral uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object('classes', coalesce(jsonb_agg(k.class ORDER BY k.class), '[]'),
        'holders', (SELECT coalesce(jsonb_agg(DISTINCT h.agency_id), '[]')
            FROM held_key f JOIN legal_hold h ON h.id = ANY (f.holds)
            WHERE f.referral_id = p_referral))
    FROM held_key k WHERE k.referral_id = p_referral AND NOT keeps_key(k)
$$;
REVOKE ALL ON FUNCTION read_held_keys(uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION read_held_keys(uuid) TO tsunagu_worker;
