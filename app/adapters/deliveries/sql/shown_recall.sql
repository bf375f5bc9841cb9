-- A recall as it is shown. Whether the sender knew this reader is left out.
CREATE OR REPLACE FUNCTION shown_recall(x recall) RETURNS jsonb
LANGUAGE sql STABLE SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT to_jsonb(x) - 'named'
$$;
REVOKE ALL ON FUNCTION shown_recall(recall) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION shown_recall(recall) TO tsunagu_api;
