-- A reader whom the sender does not know stays unknown to it until they have opened the message:
-- then the log names both.

DROP POLICY IF EXISTS own ON delivery_term;
CREATE POLICY own ON delivery_term FOR SELECT TO tsunagu_api USING (sender = (SELECT me()));
REVOKE ALL ON delivery_term FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON delivery_term TO tsunagu_api;

DROP POLICY IF EXISTS own ON recall;
CREATE POLICY own ON recall FOR SELECT TO tsunagu_api USING (
    recipient_agency = (SELECT me())
    OR sender_agency = (SELECT me()) AND (named OR disclosed)
);
REVOKE ALL ON recall FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON recall TO tsunagu_api;

DROP POLICY IF EXISTS own ON recall_request;
CREATE POLICY own ON recall_request FOR SELECT TO tsunagu_api USING (
    (SELECT me()) IN (sender_agency, recipient_agency)
);
REVOKE ALL ON recall_request FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON recall_request TO tsunagu_api;
