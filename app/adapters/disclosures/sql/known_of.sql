-- The receipts and openings of the message that the holder of this copy may see, from a place in
-- the list on. Of what others did after its part ended it sees nothing.
CREATE OR REPLACE FUNCTION known_of(
    m message, c copy, p_from text, p_at timestamptz, p_rank integer, p_id uuid
) RETURNS SETOF disclosure
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_by uuid; v_until timestamptz;
BEGIN
    SELECT coalesce(q.until, 'infinity') INTO v_until FROM party q
    WHERE q.referral_id = c.referral_id AND q.agency_id = c.agency_id;
    IF sent_by(m, c.agency_id) THEN
        RETURN QUERY SELECT * FROM receipts_as_sender(m) AS r WHERE r.at <= v_until;
        RETURN QUERY SELECT * FROM openings_as_sender(c.agency_id, m, p_from, p_at, p_rank, p_id);
    ELSE
        v_by := brought_by(m, c);
        RETURN QUERY SELECT * FROM receipts_as_reader(m, c, v_by) AS r
            WHERE r.at <= v_until OR r.agency_id = c.agency_id;
        RETURN QUERY SELECT * FROM openings_as_reader(m, c, v_by, p_from, p_at, p_rank, p_id);
    END IF;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION known_of(message, copy, text, timestamptz, integer, uuid)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
