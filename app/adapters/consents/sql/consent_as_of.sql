-- A consent as it was at a moment, when the part of an agency that sees it ended: before it was
-- confirmed, and before its withdrawal was retracted. Withdrawals that came later are in it.
CREATE OR REPLACE FUNCTION consent_as_of(c consent, p_at timestamptz) RETURNS consent
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_before jsonb;
BEGIN
    SELECT b.before INTO v_before FROM jsonb_array_elements(c.before_retractions)
        WITH ORDINALITY AS b (before, place)
    WHERE (b.before ->> 'retracted_at')::timestamptz > p_at ORDER BY b.place LIMIT 1;
    IF FOUND THEN c := jsonb_populate_record(c, v_before); END IF;
    IF c.confirmed_at > p_at THEN
        c.claimed := true;
        c.confirmed_at := NULL;
        c.confirmed_by := NULL;
    END IF;
    RETURN c;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION consent_as_of(consent, timestamptz)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
