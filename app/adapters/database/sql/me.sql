-- The agency in whose name this transaction reads: `app.agency`, set for one transaction. Null
-- if it is not set, and null sees nothing.
CREATE OR REPLACE FUNCTION me() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.agency', true), '');
REVOKE ALL ON FUNCTION me() FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION me() TO PUBLIC, tsunagu_api, tsunagu_worker;
