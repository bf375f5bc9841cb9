-- An entry is seen by the agencies that it names; hashes and checkpoints by every agency, since
-- they prove the tree and tell nothing else.

DROP POLICY IF EXISTS own ON log_entry;
CREATE POLICY own ON log_entry FOR SELECT TO tsunagu_api USING ((SELECT me()) = ANY (agencies));
REVOKE ALL ON log_entry FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON log_entry TO tsunagu_api;

DROP POLICY IF EXISTS own ON log_reader;
CREATE POLICY own ON log_reader FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
REVOKE ALL ON log_reader FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON log_reader TO tsunagu_api;

DROP POLICY IF EXISTS own ON log_leaf;
CREATE POLICY own ON log_leaf FOR SELECT TO tsunagu_api USING (me() IS NOT NULL);
REVOKE ALL ON log_leaf FROM tsunagu_api, tsunagu_worker;
GRANT SELECT (index, hash) ON log_leaf TO tsunagu_api;

DROP POLICY IF EXISTS own ON log_node;
CREATE POLICY own ON log_node FOR SELECT TO tsunagu_api USING (me() IS NOT NULL);
REVOKE ALL ON log_node FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON log_node TO tsunagu_api;

DROP POLICY IF EXISTS own ON log_checkpoint;
CREATE POLICY own ON log_checkpoint FOR SELECT TO tsunagu_api USING (me() IS NOT NULL);
REVOKE ALL ON log_checkpoint FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON log_checkpoint TO tsunagu_api;

DROP POLICY IF EXISTS own ON log_pending;
CREATE POLICY own ON log_pending FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON log_pending FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON log_pending TO tsunagu_api;

DROP POLICY IF EXISTS own ON log_tree;
CREATE POLICY own ON log_tree FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON log_tree FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON log_tree TO tsunagu_api;

DROP POLICY IF EXISTS own ON day_count;
CREATE POLICY own ON day_count FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON day_count FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON day_count TO tsunagu_api;

DROP POLICY IF EXISTS own ON service_clock;
CREATE POLICY own ON service_clock FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON service_clock FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON service_clock TO tsunagu_api;
