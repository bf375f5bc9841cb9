-- Trigger of append-only tables: refuses every UPDATE, DELETE and TRUNCATE, whoever asks.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
REVOKE ALL ON FUNCTION refuse_change() FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION refuse_change() TO PUBLIC;
