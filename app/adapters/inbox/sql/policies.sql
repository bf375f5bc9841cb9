-- An inbox is seen by its agency alone.

DROP POLICY IF EXISTS own ON mailbox;
CREATE POLICY own ON mailbox FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
REVOKE ALL ON mailbox FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON mailbox TO tsunagu_api;

DROP POLICY IF EXISTS own ON inbox_item;
CREATE POLICY own ON inbox_item FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
REVOKE ALL ON inbox_item FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON inbox_item TO tsunagu_api;

DROP POLICY IF EXISTS own ON referral_change;
CREATE POLICY own ON referral_change FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
REVOKE ALL ON referral_change FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON referral_change TO tsunagu_api;
