-- Whether a consent of this purpose serves this flow. A test holds it to the domain's rule.
CREATE OR REPLACE FUNCTION serves(p_purpose text, p_flow text) RETURNS boolean
LANGUAGE sql IMMUTABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE
        WHEN p_purpose IN ('special_adjustment', 'regional')
            THEN p_flow IN ('special_adjustment', 'regional_coordination')
        WHEN p_purpose = 'suspect_support' THEN p_flow = 'suspect_support'
        WHEN p_purpose = 'defence' THEN p_flow = 'defence_support'
        ELSE p_purpose NOT IN ('selection', 'facility', 'health', 'municipality', 'followup',
            'statistics_none')
    END
$$;
REVOKE ALL ON FUNCTION serves(text, text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION serves(text, text) TO tsunagu_api;
