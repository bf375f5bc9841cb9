-- The receipts and openings of the message that the holder of this copy may see, from a place in
-- the list on. Of what others did after its part ended it sees nothing.
CREATE OR REPLACE FUNCTION known_of(
    m message, c copy, p_from text, p_at timestamptz, p_rank integer, p_id uuid
) RETURNS SETOF disclosure
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT * FROM known_receipts(m, c);
    IF sent_by(m, c.agency_id) THEN
        RETURN QUERY SELECT * FROM openings_as_sender(c.agency_id, m, p_from, p_at, p_rank, p_id);
    ELSE
        RETURN QUERY SELECT * FROM openings_as_reader(m, c, brought_by(m, c), p_from, p_at,
            p_rank, p_id);
    END IF;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION known_of(message, copy, text, timestamptz, integer, uuid)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
