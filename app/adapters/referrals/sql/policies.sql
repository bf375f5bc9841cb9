-- Who may see a row of a case. A policy on `party` or `copy` looks at nothing but the row itself;
-- the others look at these two, which show an agency its own rows only. Columns that tell what
-- others did, as the true state of a referral, are not granted.

DROP POLICY IF EXISTS own ON "case";
CREATE POLICY own ON "case" FOR SELECT TO tsunagu_api USING (
    EXISTS (SELECT FROM referral r WHERE r.case_id = "case".id)
);
REVOKE ALL ON "case" FROM tsunagu_api, tsunagu_worker;
GRANT SELECT (id, opened_at) ON "case" TO tsunagu_api;

DROP POLICY IF EXISTS own ON referral;
CREATE POLICY own ON referral FOR SELECT TO tsunagu_api USING (
    EXISTS (SELECT FROM party p WHERE p.referral_id = referral.id)
    OR EXISTS (SELECT FROM copy c WHERE c.message_referral_id = referral.id)
);
REVOKE ALL ON referral FROM tsunagu_api, tsunagu_worker;
GRANT SELECT (
    id, case_id, flow, reference, parent_id, opened_at, erased_at, erased_reason, erased_classes
) ON referral TO tsunagu_api;

DROP POLICY IF EXISTS own ON referral_key;
CREATE POLICY own ON referral_key FOR SELECT TO tsunagu_api USING (EXISTS (
    SELECT FROM copy c JOIN party p ON p.referral_id = c.referral_id
    WHERE c.message_referral_id = referral_key.referral_id AND p.until IS NULL
        AND referral_key.class
            = ANY (CASE WHEN c.recalled_at IS NULL THEN c.classes ELSE c.kept END)
));
REVOKE ALL ON referral_key FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON referral_key TO tsunagu_api;

DROP POLICY IF EXISTS own ON party;
CREATE POLICY own ON party FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
REVOKE ALL ON party FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON party TO tsunagu_api;

DROP POLICY IF EXISTS own ON message;
CREATE POLICY own ON message FOR SELECT TO tsunagu_api USING (
    EXISTS (SELECT FROM copy c WHERE c.message_id = message.id)
);
REVOKE ALL ON message FROM tsunagu_api, tsunagu_worker;
GRANT SELECT (
    id, referral_id, type, from_party, from_agency, from_seat, recipients, occurred_on, accepted_at,
    legal_basis, urgency, in_reply_to, corrects, consent_ids, paper_origin, digest, class_digests,
    receipt
) ON message TO tsunagu_api;

DROP POLICY IF EXISTS own ON segment;
CREATE POLICY own ON segment FOR SELECT TO tsunagu_api USING (EXISTS (
    SELECT FROM copy c
    WHERE c.message_id = segment.message_id AND segment.class
        = ANY (CASE WHEN c.recalled_at IS NULL THEN c.classes ELSE c.kept END)
));
REVOKE ALL ON segment FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON segment TO tsunagu_api;

DROP POLICY IF EXISTS own ON copy;
CREATE POLICY own ON copy FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
REVOKE ALL ON copy FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON copy TO tsunagu_api;

DROP POLICY IF EXISTS own ON deadline;
CREATE POLICY own ON deadline FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
REVOKE ALL ON deadline FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON deadline TO tsunagu_api;

DROP POLICY IF EXISTS own ON settlement;
CREATE POLICY own ON settlement FOR SELECT TO tsunagu_api USING (center_id = (SELECT me()));
REVOKE ALL ON settlement FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON settlement TO tsunagu_api;

-- The same for everybody: a rule, and nothing of a case.
DROP POLICY IF EXISTS everybody ON deadline_kind;
CREATE POLICY everybody ON deadline_kind FOR SELECT TO tsunagu_api USING (true);
REVOKE ALL ON deadline_kind FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON deadline_kind TO tsunagu_api;
