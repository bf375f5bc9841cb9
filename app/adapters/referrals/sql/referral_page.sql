-- A page of the agency's referrals, the ones updated last first, with the number of the agency's
-- last change. The number is read before the page: whatever the page does not show yet has a
-- greater one.
CREATE OR REPLACE FUNCTION referral_page(
    p_agency text, p_flow text, p_state text, p_updated_after timestamptz, p_before timestamptz,
    p_before_id uuid, p_limit integer
) RETURNS text
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_changes bigint;
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    SELECT changes INTO v_changes FROM mailbox WHERE agency_id = p_agency;
    RETURN '{"changes":' || coalesce(v_changes, 0) || ',"referrals":' || list_referrals(p_agency,
        p_flow, p_state, p_updated_after, p_before, p_before_id, p_limit) || '}';
END $$;
REVOKE ALL ON FUNCTION referral_page(text, text, text, timestamptz, timestamptz, uuid, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION referral_page(text, text, text, timestamptz, timestamptz, uuid, integer)
    TO tsunagu_api;
