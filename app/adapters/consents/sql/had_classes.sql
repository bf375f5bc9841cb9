-- The classes of a message that an agency has received: all if it was printed or acknowledged
-- (a tombstone that was acknowledged is none), otherwise those that it opened. Classes that it has already answered a request for count only
-- if it opened them again.
CREATE OR REPLACE FUNCTION had_classes(
    p_agency text, p_message uuid, p_classes text[], p_referral uuid
) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT ARRAY(
        SELECT c.class FROM (SELECT class, answered_for(p_agency, p_message, class, p_referral)
            AS since FROM unnest(p_classes) AS class) AS c
        WHERE EXISTS (SELECT FROM inbox_item i WHERE i.agency_id = p_agency
                AND i.message_id = p_message AND i.kind = 'message'
                AND (i.printed_at > c.since
                    OR i.acknowledged_at > c.since AND NOT i.acknowledged_as_tombstone))
            OR EXISTS (SELECT FROM log_entry e
                WHERE e.kind = 'disclosure' AND e.detail -> 'classes' <> '[]'
                    AND e.message_id = p_message AND e.agency_id = p_agency
                    AND e.at > c.since AND e.detail -> 'classes' ? c.class)
        ORDER BY c.class)
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION had_classes(text, uuid, text[], uuid)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
