-- The items of a consent that were withdrawn before its last withdrawal.
CREATE OR REPLACE FUNCTION taken_before(c consent) RETURNS text[]
LANGUAGE sql IMMUTABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT ARRAY(SELECT u.item FROM unnest(c.withdrawn_items, c.taken_by) AS u (item, taker)
        WHERE u.taker <> c.withdrawn_by)
$$;
REVOKE ALL ON FUNCTION taken_before(consent) FROM PUBLIC, tsunagu_api, tsunagu_worker;
