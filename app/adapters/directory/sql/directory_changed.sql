-- Trigger of the directory's tables: increments its version. Every process reads this one number to
-- know whether its cache is out of date.
CREATE OR REPLACE FUNCTION directory_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE directory_version SET version = version + 1;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION directory_changed() FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION directory_changed() TO PUBLIC;
