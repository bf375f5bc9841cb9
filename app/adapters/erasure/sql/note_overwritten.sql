-- Note that a complete overwriting began at `p_began`, and which erasures it concerned.
CREATE OR REPLACE FUNCTION note_overwritten(
    p_began timestamptz, p_at timestamptz, p_referral uuid[], p_class text[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE erasure e SET overwritten_at = p_at
    FROM unnest(p_referral, p_class) AS o (referral_id, class)
    WHERE e.referral_id = o.referral_id AND e.class = o.class AND e.overwritten_at IS NULL;
    INSERT INTO overwriting (began_at) VALUES (p_began)
    ON CONFLICT (singleton) DO UPDATE SET began_at = p_began;
END $$;
REVOKE ALL ON FUNCTION note_overwritten(timestamptz, timestamptz, uuid[], text[])
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION note_overwritten(timestamptz, timestamptz, uuid[], text[])
    TO tsunagu_worker;
