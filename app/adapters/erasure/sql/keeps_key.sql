-- Whether one of the legal holds for which a key was kept binds still. Later holds of others do
-- not: what was withheld from everybody is kept for those only who held it before.
CREATE OR REPLACE FUNCTION keeps_key(k held_key) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM legal_hold h
        WHERE h.id = ANY (k.holds) AND hold_binds(h, k.referral_id))
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION keeps_key(held_key) FROM PUBLIC, tsunagu_api, tsunagu_worker;
