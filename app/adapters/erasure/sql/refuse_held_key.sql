-- Nobody destroys a key that a legal hold keeps.
CREATE OR REPLACE FUNCTION refuse_held_key() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF keeps_key(OLD) THEN
        RAISE EXCEPTION 'a legal hold keeps this key' USING ERRCODE = 'check_violation';
    END IF;
    RETURN OLD;
END $$;
-- Called by a trigger only.
REVOKE ALL ON FUNCTION refuse_held_key() FROM PUBLIC, tsunagu_api, tsunagu_worker;
