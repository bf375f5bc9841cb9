-- Write which older messages a message shares with which agencies, and in which classes.
CREATE OR REPLACE FUNCTION write_showings(p jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO shown (message_id, agency_id, shown_id, party, classes)
    SELECT s.message_id, s.agency_id, s.shown_id, s.party, s.classes
    FROM jsonb_to_recordset(p -> 'shown') AS s (message_id uuid, agency_id text,
        shown_id uuid, party text, classes text[]);
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION write_showings(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
