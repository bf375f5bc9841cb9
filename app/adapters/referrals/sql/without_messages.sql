-- The rows that `accept` takes, without those of these messages.
CREATE OR REPLACE FUNCTION without_messages(p jsonb, p_numbers integer[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_object_agg(list.key, (
        SELECT coalesce(jsonb_agg(e ORDER BY place), '[]')
        FROM jsonb_array_elements(list.value) WITH ORDINALITY AS rows (e, place)
        WHERE (e ->> 'nth')::integer <> ALL (p_numbers)))
    FROM jsonb_each(p) AS list
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION without_messages(jsonb, integer[]) FROM PUBLIC, tsunagu_api, tsunagu_worker;
