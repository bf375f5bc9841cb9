-- Nobody sees these: functions of the owner read and write them.

DROP POLICY IF EXISTS own ON master_unused;
CREATE POLICY own ON master_unused FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON master_unused FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON master_unused TO tsunagu_api;

DROP POLICY IF EXISTS own ON master_retirement;
CREATE POLICY own ON master_retirement FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON master_retirement FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON master_retirement TO tsunagu_api;
