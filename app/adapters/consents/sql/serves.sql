-- Whether a consent of this purpose serves this flow. A purpose that is not in `purpose_flow`
-- serves every flow. Its callers have set their search path and run as the owner.
CREATE OR REPLACE FUNCTION serves(p_purpose text, p_flow text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (SELECT FROM purpose_flow WHERE purpose = p_purpose)
        OR EXISTS (SELECT FROM purpose_flow WHERE purpose = p_purpose AND flow = p_flow)
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION serves(text, text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
