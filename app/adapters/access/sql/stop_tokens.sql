-- Make all tokens of a client, seat or agency stop that were issued until now. The number is
-- taken under a lock that is held until the commit, so whoever has seen a number has seen all
-- before it.
CREATE OR REPLACE FUNCTION stop_tokens(p_kind text, p_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_number bigint;
BEGIN
    UPDATE token_clock SET stops = stops + 1 RETURNING stops INTO v_number;
    INSERT INTO token_stop AS s (kind, id, times, number) VALUES (p_kind, p_id, 1, v_number)
    ON CONFLICT (kind, id) DO UPDATE SET times = s.times + 1, number = excluded.number;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION stop_tokens(text, text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
