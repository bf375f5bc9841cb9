-- The items of a consent that were withdrawn before this withdrawal. Each withdrawal appends its
-- items to those of earlier ones.
CREATE OR REPLACE FUNCTION taken_before(c consent, p_items text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    -- What is taken back is put behind what was taken back before.
    SELECT CASE WHEN c.withdrawn_on IS NOT NULL THEN c.withdrawn_items
        ELSE c.withdrawn_items[1:cardinality(c.withdrawn_items) - cardinality(p_items)] END
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION taken_before(consent, text[]) FROM PUBLIC, tsunagu_api, tsunagu_worker;
