-- Put off a referral under this rule, because of a legal hold. Lifting the hold undoes this.
CREATE OR REPLACE FUNCTION put_off(p_referral uuid, p_rule text) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE retention SET held = true WHERE referral_id = p_referral AND rule = p_rule
$$;
REVOKE ALL ON FUNCTION put_off(uuid, text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION put_off(uuid, text) TO tsunagu_worker;
