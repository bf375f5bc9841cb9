-- The receipts of the message that the holder of this copy may see. Of what others did after its part
-- ended it sees nothing.
CREATE OR REPLACE FUNCTION known_receipts(m message, c copy) RETURNS SETOF disclosure
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_until timestamptz;
BEGIN
    SELECT coalesce(q.until, 'infinity') INTO v_until FROM party q
    WHERE q.referral_id = c.referral_id AND q.agency_id = c.agency_id;
    IF sent_by(m, c.agency_id) THEN
        RETURN QUERY SELECT * FROM receipts_as_sender(m) AS r WHERE r.at <= v_until;
    ELSE
        RETURN QUERY SELECT * FROM receipts_as_reader(m, c, brought_by(m, c)) AS r
            WHERE r.at <= v_until OR r.agency_id = c.agency_id;
    END IF;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION known_receipts(message, copy) FROM PUBLIC, tsunagu_api, tsunagu_worker;
