-- Trigger: every new agency gets its mailbox.
CREATE OR REPLACE FUNCTION agency_needs_mailbox() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO mailbox (agency_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
-- Called by its triggers only.
REVOKE ALL ON FUNCTION agency_needs_mailbox() FROM PUBLIC, tsunagu_api, tsunagu_worker;
