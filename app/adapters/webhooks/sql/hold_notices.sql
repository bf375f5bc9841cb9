-- Lock notices in the order of their ids, before several of them are changed: whoever else changes
-- some of the same locks them in the same order.
CREATE OR REPLACE FUNCTION hold_notices(p_ids uuid[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM notice WHERE id = ANY (p_ids) ORDER BY id FOR NO KEY UPDATE;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION hold_notices(uuid[]) FROM PUBLIC, tsunagu_api, tsunagu_worker;
