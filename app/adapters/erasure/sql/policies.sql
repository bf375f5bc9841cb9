-- A legal hold is seen by the agency that holds. An erasure is seen by those who had a copy of what
-- was erased: a sender's copy is of every class, so the messages are asked which classes they have.

DROP POLICY IF EXISTS own ON legal_hold;
CREATE POLICY own ON legal_hold FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
REVOKE ALL ON legal_hold FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON legal_hold TO tsunagu_api;

DROP POLICY IF EXISTS own ON erasure;
CREATE POLICY own ON erasure FOR SELECT TO tsunagu_api USING (EXISTS (
    SELECT FROM copy c JOIN message m ON m.id = c.message_id
    WHERE c.message_referral_id = erasure.referral_id AND erasure.class = ANY (c.classes)
        AND m.class_digests ? erasure.class
));
REVOKE ALL ON erasure FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON erasure TO tsunagu_api;

-- Read by nobody: functions of the rotation of master keys and of erasure run as the owner.
DROP POLICY IF EXISTS own ON held_key;
CREATE POLICY own ON held_key FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON held_key FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON held_key TO tsunagu_api;

DROP POLICY IF EXISTS own ON retention;
CREATE POLICY own ON retention FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON retention FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON retention TO tsunagu_api;

DROP POLICY IF EXISTS own ON erasure_total;
CREATE POLICY own ON erasure_total FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON erasure_total FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON erasure_total TO tsunagu_api;

-- A request is seen by the agency that asks and by those that are asked. Each sees its own answer, and
-- nobody who else was asked.
DROP POLICY IF EXISTS own ON erasure_answer;
CREATE POLICY own ON erasure_answer FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
REVOKE ALL ON erasure_answer FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON erasure_answer TO tsunagu_api;

DROP POLICY IF EXISTS own ON erasure_request;
CREATE POLICY own ON erasure_request FOR SELECT TO tsunagu_api USING (
    agency_id = (SELECT me())
    OR EXISTS (SELECT FROM erasure_answer a WHERE a.request_id = erasure_request.id)
);
REVOKE ALL ON erasure_request FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON erasure_request TO tsunagu_api;

DROP POLICY IF EXISTS own ON overwriting;
CREATE POLICY own ON overwriting FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON overwriting FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON overwriting TO tsunagu_api;
