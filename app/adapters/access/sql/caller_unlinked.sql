-- Trigger: stops a client's tokens when it is unlinked from a seat. Deferred, so that a link that
-- is deleted and inserted again in one transaction stops nothing.
CREATE OR REPLACE FUNCTION caller_unlinked() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM client_seat
            WHERE client_id = OLD.client_id AND seat_id = OLD.seat_id) THEN
        PERFORM stop_tokens('client', OLD.client_id);
    END IF;
    RETURN NULL;
END $$;
-- Called by its triggers only.
REVOKE ALL ON FUNCTION caller_unlinked() FROM PUBLIC, tsunagu_api, tsunagu_worker;
