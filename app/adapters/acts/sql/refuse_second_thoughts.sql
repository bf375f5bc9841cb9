-- Trigger: a settled act never changes again.
CREATE OR REPLACE FUNCTION refuse_second_thoughts() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'proposed' THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'a settled act is append-only';
END $$;
REVOKE ALL ON FUNCTION refuse_second_thoughts() FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION refuse_second_thoughts() TO PUBLIC;
