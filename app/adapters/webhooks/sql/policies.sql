-- An agency sees its own endpoints, notices and attempts. Secrets are granted to nobody.

DROP POLICY IF EXISTS own ON webhook;
CREATE POLICY own ON webhook FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
REVOKE ALL ON webhook FROM tsunagu_api, tsunagu_worker;
GRANT SELECT (
    id, agency_id, client_id, seat_id, url, flows, urgencies, old_until, state, reason, created_at,
    changed_at, failures, failing_since, resting_until, succeeded_at, challenge
) ON webhook TO tsunagu_api;

DROP POLICY IF EXISTS own ON notice;
CREATE POLICY own ON notice FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
REVOKE ALL ON notice FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON notice TO tsunagu_api;

DROP POLICY IF EXISTS own ON attempt;
CREATE POLICY own ON attempt FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
REVOKE ALL ON attempt FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON attempt TO tsunagu_api;

DROP POLICY IF EXISTS own ON webhook_call;
CREATE POLICY own ON webhook_call FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON webhook_call FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON webhook_call TO tsunagu_api;

DROP POLICY IF EXISTS own ON attempt_total;
CREATE POLICY own ON attempt_total FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON attempt_total FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON attempt_total TO tsunagu_api;
