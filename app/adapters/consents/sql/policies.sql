-- Who may see a consent: the parties where it was recorded, and the recipients that it names,
-- unless it is a claim. A
-- request to return is shown to the agency that was asked. Which flows a purpose serves, only
-- functions ask.

DROP POLICY IF EXISTS own ON consent;
CREATE POLICY own ON consent FOR SELECT TO tsunagu_api USING (
    EXISTS (SELECT FROM party p WHERE p.referral_id = consent.referral_id)
    OR NOT claimed
    AND recipients && ARRAY[(SELECT me()), (SELECT a.kind FROM agency a WHERE a.id = me())]
    AND EXISTS (SELECT FROM referral r WHERE r.case_id = consent.case_id)
);
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
