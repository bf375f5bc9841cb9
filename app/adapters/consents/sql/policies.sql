-- Consents are read by functions alone, which show them to whoever knows of them (`knows_consent`).
-- A request to return is shown to the agency that was asked. Which flows a purpose serves, only
-- functions ask.

DROP POLICY IF EXISTS own ON consent;
CREATE POLICY own ON consent FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON consent FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON consent TO tsunagu_api;

DROP POLICY IF EXISTS own ON return_request;
CREATE POLICY own ON return_request FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
REVOKE ALL ON return_request FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON return_request TO tsunagu_api;

DROP POLICY IF EXISTS own ON purpose_flow;
CREATE POLICY own ON purpose_flow FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON purpose_flow FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON purpose_flow TO tsunagu_api;

DROP POLICY IF EXISTS own ON returned_term;
CREATE POLICY own ON returned_term FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON returned_term FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON returned_term TO tsunagu_api;
