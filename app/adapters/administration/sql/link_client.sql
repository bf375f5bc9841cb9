-- Set the seats in whose name a client may speak. Answers `done`, or a code if one of them is
-- not the agency's or may not be given here.
CREATE OR REPLACE FUNCTION link_client(p_client text, p_agency text, p_seats text[]) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- As many own seats as were named: one that is not there and another agency's look the same.
    IF (SELECT count(*) FROM seat WHERE id = ANY (p_seats) AND agency_id = p_agency)
        <> cardinality(p_seats) THEN RETURN 'unknown_seat'; END IF;
    IF EXISTS (SELECT FROM seat WHERE id = ANY (p_seats) AND role IN ('operator', 'auditor')) THEN
        RETURN 'operator_seat';
    END IF;
    DELETE FROM client_seat WHERE client_id = p_client;
    INSERT INTO client_seat (client_id, seat_id, position)
    SELECT p_client, s.id, s.position FROM unnest(p_seats) WITH ORDINALITY AS s (id, position);
    RETURN 'done';
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION link_client(text, text, text[]) FROM PUBLIC, tsunagu_api, tsunagu_worker;
