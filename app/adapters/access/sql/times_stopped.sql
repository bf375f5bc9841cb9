-- How often the tokens of this client, seat or agency were stopped.
CREATE OR REPLACE FUNCTION times_stopped(p_kind text, p_id text) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce((SELECT times FROM token_stop WHERE kind = p_kind AND id = p_id), 0)
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION times_stopped(text, text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
