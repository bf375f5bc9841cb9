-- Acknowledge items by position, or all through `p_through`, at most `p_most` in one call. Of a
-- copy that had been taken back only the tombstone is acknowledged, and marked as such.
-- Returns null for a position that does not exist yet.
CREATE OR REPLACE FUNCTION acknowledge(
    p_agency text, p_seat text, p_at timestamptz, p_positions bigint[], p_through bigint,
    p_most integer, p_log jsonb
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_box mailbox;
    v_done bigint[];
    v_unopened bigint;
BEGIN
    PERFORM act_for(p_agency);
    SELECT * INTO v_box FROM mailbox WHERE agency_id = p_agency FOR UPDATE;
    IF v_box.head < ANY (p_positions) OR v_box.head < p_through THEN RETURN NULL; END IF;
    WITH chosen AS (
        SELECT position FROM inbox_item
        WHERE agency_id = p_agency AND acknowledged_at IS NULL
            AND (position = ANY (p_positions) OR position <= p_through)
        ORDER BY position LIMIT p_most
    ), done AS (
        UPDATE inbox_item i SET acknowledged_at = p_at, acknowledged_by = p_seat,
            acknowledged_as_tombstone = i.recalled_at IS NOT NULL
        FROM chosen c WHERE i.agency_id = p_agency AND i.position = c.position
        RETURNING i.position, coalesce(i.opened_at, i.recalled_at) AS opened_at
    )
    SELECT array_agg(position), count(*) FILTER (WHERE opened_at IS NULL)
    INTO v_done, v_unopened FROM done;
    IF v_done IS NOT NULL THEN
        UPDATE mailbox SET acknowledged = acknowledged + cardinality(v_done),
            opened = opened + v_unopened
        WHERE agency_id = p_agency;
        PERFORM write_log_of(p_agency, p_at, jsonb_build_array(p_log || jsonb_build_object('detail',
            jsonb_build_object('positions', to_jsonb(v_done)))));
    END IF;
    RETURN jsonb_build_object(
        'acknowledged', coalesce((
            SELECT jsonb_agg(jsonb_build_object('position', i.position,
                'acknowledged_at', i.acknowledged_at, 'acknowledged_by', i.acknowledged_by)
                ORDER BY i.position)
            FROM inbox_item i WHERE i.agency_id = p_agency AND i.acknowledged_at IS NOT NULL
                AND (i.position = ANY (p_positions) OR i.position = ANY (v_done))
        ), '[]'),
        'more', p_through IS NOT NULL AND EXISTS (
            SELECT FROM inbox_item i WHERE i.agency_id = p_agency AND i.acknowledged_at IS NULL
                AND i.position <= p_through));
END $$;
REVOKE ALL ON FUNCTION acknowledge(text, text, timestamptz, bigint[], bigint, integer, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION acknowledge(text, text, timestamptz, bigint[], bigint, integer, jsonb)
    TO tsunagu_api;
