-- Whoever deletes a key under a legal hold takes it out of use only: it moves to where nothing reads
-- it but the rotation of master keys, and stays there until the holds that bind now have ended.
CREATE OR REPLACE FUNCTION keep_held_key() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_holds uuid[];
BEGIN
    SELECT array_agg(h.id ORDER BY h.id) INTO v_holds
    FROM legal_hold h JOIN referral r ON r.case_id = h.case_id
    WHERE r.id = OLD.referral_id AND hold_binds(h, r.id);
    IF v_holds IS NOT NULL THEN
        INSERT INTO held_key (referral_id, class, master, wrapped, holds)
        VALUES (OLD.referral_id, OLD.class, OLD.master, OLD.wrapped, v_holds);
    END IF;
    RETURN OLD;
END $$;
-- Called by a trigger only.
REVOKE ALL ON FUNCTION keep_held_key() FROM PUBLIC, tsunagu_api, tsunagu_worker;
