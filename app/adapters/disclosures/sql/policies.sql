-- Which older messages a message showed is read by functions of the owner alone: its sender may not
-- learn who had them already.

DROP POLICY IF EXISTS own ON shown;
CREATE POLICY own ON shown FOR SELECT TO tsunagu_api USING (false);
REVOKE ALL ON shown FROM tsunagu_api, tsunagu_worker;
GRANT SELECT ON shown TO tsunagu_api;
