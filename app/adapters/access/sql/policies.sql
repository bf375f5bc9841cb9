-- Nobody sees these: functions of the owner read and write them.

DROP POLICY IF EXISTS own ON assertion_seen;
CREATE POLICY own ON assertion_seen FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON assertion_seen FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON assertion_seen TO tsunagu_api;

DROP POLICY IF EXISTS own ON token_clock;
CREATE POLICY own ON token_clock FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON token_clock FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON token_clock TO tsunagu_api;

DROP POLICY IF EXISTS own ON token_stop;
CREATE POLICY own ON token_stop FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON token_stop FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON token_stop TO tsunagu_api;

DROP POLICY IF EXISTS own ON revoked_token;
CREATE POLICY own ON revoked_token FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON revoked_token FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON revoked_token TO tsunagu_api;

DROP POLICY IF EXISTS own ON secret_failure;
CREATE POLICY own ON secret_failure FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON secret_failure FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON secret_failure TO tsunagu_api;

DROP POLICY IF EXISTS own ON lockout;
CREATE POLICY own ON lockout FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON lockout FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON lockout TO tsunagu_api;

DROP POLICY IF EXISTS own ON secret_success;
CREATE POLICY own ON secret_success FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON secret_success FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON secret_success TO tsunagu_api;
