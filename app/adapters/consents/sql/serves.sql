-- Whether a consent of this purpose serves this flow: a purpose that we do not know is taken at the
-- word of whoever recorded it. Its callers have set their search path and run as the owner.
CREATE OR REPLACE FUNCTION serves(p_purpose text, p_flow text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (SELECT FROM purpose_flow WHERE purpose = p_purpose)
        OR EXISTS (SELECT FROM purpose_flow WHERE purpose = p_purpose AND flow = p_flow)
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION serves(text, text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
