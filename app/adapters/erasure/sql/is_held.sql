-- Whether a legal hold keeps a referral from being erased.
CREATE OR REPLACE FUNCTION is_held(p_case uuid, p_referral uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM legal_hold h WHERE h.case_id = p_case AND hold_binds(h, p_referral))
$$;
-- Called by other functions, and by the owner's commands.
REVOKE ALL ON FUNCTION is_held(uuid, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
