-- An act is seen by the agency whose seats decide on it.

DROP POLICY IF EXISTS own ON act;
CREATE POLICY own ON act FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
REVOKE ALL ON act FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON act TO tsunagu_api;
