-- Whether an agency relies on its copy of a message, so that another one could not recall it: it was
-- opened, printed or acknowledged, or it was not this agency that sent the message. What is left of a
-- recalled copy was opened.
CREATE OR REPLACE FUNCTION relies_on_copy(c copy, p_agency text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p_agency IS NULL OR c.sent OR c.recalled_at IS NOT NULL
        OR NOT EXISTS (SELECT FROM copy o
            WHERE o.message_id = c.message_id AND o.agency_id = p_agency AND o.sent)
        OR EXISTS (SELECT FROM inbox_item i WHERE i.agency_id = c.agency_id
            AND i.message_id = c.message_id AND i.kind = 'message'
            AND (coalesce(i.opened_at, i.printed_at) IS NOT NULL
                OR i.acknowledged_at IS NOT NULL AND NOT i.acknowledged_as_tombstone))
        OR EXISTS (SELECT FROM log_entry e WHERE e.kind = 'disclosure'
            AND e.message_id = c.message_id AND e.agency_id = c.agency_id
            AND e.detail -> 'classes' <> '[]')
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION relies_on_copy(copy, text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
