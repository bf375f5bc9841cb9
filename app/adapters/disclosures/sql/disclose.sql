-- Log that messages are opened, before they are shown. Returns false, and writes nothing, if a case
-- has changed since it was read, and with it what the reader may open of a message: the reader
-- starts again. Other changes are no reason to: whoever goes on writing to a case would keep others
-- from reading there. The share lock keeps a withdrawal out until this is written. What is opened
-- again counts among what the agency may open on a day; what arrived is opened for the first time
-- in any case. The count is the last row that is locked, and only for as long as it takes to
-- commit. Inbox items are looked up one by one by message id: joined as a set, the ids make a plan
-- that reads the whole inbox.
CREATE OR REPLACE FUNCTION disclose(p jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    v_agency constant text := p ->> 'agency_id';
    v_case record;
    v_changed boolean := false;
    v_opened bigint;
    v_first bigint := 0;
    v_ids constant uuid[] := ARRAY(
        SELECT m::uuid FROM jsonb_array_elements_text(p -> 'message_ids') AS m);
    v_cases constant uuid[] := ARRAY(SELECT k::uuid FROM jsonb_object_keys(p -> 'cases') AS k);
BEGIN
    PERFORM act_for(p ->> 'agency_id');
    FOR v_case IN
        SELECT c.id, c.version, (p #>> ARRAY['cases', c.id::text])::bigint AS expected
        FROM "case" c WHERE c.id = ANY (v_cases)
        ORDER BY c.id FOR SHARE
    LOOP
        v_changed := v_changed OR v_case.version <> v_case.expected;
    END LOOP;
    IF v_changed AND EXISTS (
        SELECT FROM jsonb_each(p -> 'readers') AS r
        LEFT JOIN LATERAL reader_rights(v_agency, r.key::uuid, (p ->> 'on')::date) AS now ON true
        WHERE now.rights IS DISTINCT FROM r.value
    ) THEN
        RETURN false;
    END IF;
    PERFORM FROM unnest(v_ids) AS wanted CROSS JOIN LATERAL (
        SELECT FROM inbox_item i WHERE i.agency_id = v_agency AND i.message_id = wanted
            AND i.kind = 'message' AND i.opened_at IS NULL AND NOT i.withdrawn OFFSET 0) AS item
    LIMIT 1;
    IF FOUND THEN
        PERFORM FROM mailbox WHERE agency_id = v_agency FOR UPDATE;
        WITH now_open AS (
            UPDATE inbox_item i SET opened_at = v_at
            WHERE NOT i.withdrawn AND i.agency_id = v_agency AND i.opened_at IS NULL
                AND i.kind = 'message'
                AND (i.message_id = ANY (v_ids))
            RETURNING i.acknowledged_at
        )
        SELECT count(*) FILTER (WHERE acknowledged_at IS NULL), count(*)
        INTO v_opened, v_first FROM now_open;
        UPDATE mailbox SET opened = opened + v_opened WHERE agency_id = v_agency;
    END IF;
    PERFORM write_log_of(v_agency, v_at, naming_present(p -> 'log', v_agency));
    PERFORM count_today(v_agency, v_at, jsonb_build_array(jsonb_build_object('kind', 'openings',
        'n', jsonb_array_length(p -> 'log') - v_first)));
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION disclose(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION disclose(jsonb) TO tsunagu_api;
