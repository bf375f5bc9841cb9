-- As what an entry of this kind counts among those that an agency may cause on a day; null for none.
-- A kind that is not named here counts as a change. What is not counted is limited otherwise: by the
-- messages that there are, each of which is acknowledged, printed or recalled once; by the rate of
-- a client and the number of clients; by the acts that ask for an erasure, so that nobody's objection
-- to one is refused; or, for openings, by the function `disclose`, which leaves
-- out the first of each message.
CREATE OR REPLACE FUNCTION counted_as(p_kind text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE
        WHEN p_kind IN ('acceptance', 'sharing', 'withdrawal', 'disclosure', 'printing',
            'acknowledgement', 'recall', 'recall_request', 'return_request', 'return_answer',
            'erasure', 'erasure_request', 'token', 'revocation', 'lockout', 'refused_calls') THEN NULL
        WHEN p_kind IN ('refusal', 'rehearsal') THEN 'refusals'
        WHEN p_kind = 'export' THEN 'exports'
        ELSE 'changes' END
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION counted_as(text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
