-- Who may see a row of the directory: everybody sees agencies and areas, an agency sees its own
-- seats and clients. What proves a client is granted to nobody.

DROP POLICY IF EXISTS own ON agency;
CREATE POLICY own ON agency FOR SELECT TO tsunagu_api USING (true);
REVOKE ALL ON agency FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON agency TO tsunagu_api;

DROP POLICY IF EXISTS own ON jurisdiction;
CREATE POLICY own ON jurisdiction FOR SELECT TO tsunagu_api USING (true);
REVOKE ALL ON jurisdiction FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON jurisdiction TO tsunagu_api;

DROP POLICY IF EXISTS own ON seat;
CREATE POLICY own ON seat FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
REVOKE ALL ON seat FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON seat TO tsunagu_api;

DROP POLICY IF EXISTS own ON client;
CREATE POLICY own ON client FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
REVOKE ALL ON client FROM tsunagu_api, tsunagu_worker;
GRANT SELECT (id, agency_id, name, created_at, disabled_at, dpop_required) ON client TO tsunagu_api;

DROP POLICY IF EXISTS own ON client_seat;
CREATE POLICY own ON client_seat FOR SELECT TO tsunagu_api USING (
    EXISTS (SELECT FROM client c WHERE c.id = client_seat.client_id)
);
REVOKE ALL ON client_seat FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON client_seat TO tsunagu_api;

DROP POLICY IF EXISTS own ON directory_version;
CREATE POLICY own ON directory_version FOR SELECT TO tsunagu_api USING (true);
REVOKE ALL ON directory_version FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON directory_version TO tsunagu_api;
