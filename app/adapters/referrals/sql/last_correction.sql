-- The newest message by which this one was corrected, of those that the agency has. It takes no
-- settings of its own, so that it becomes part of the query that calls it.
CREATE OR REPLACE FUNCTION last_correction(p_agency text, p_message uuid) RETURNS TABLE (id uuid)
LANGUAGE sql STABLE AS $$
    SELECT x.id FROM message x
    JOIN copy y ON y.message_id = x.id AND y.agency_id = p_agency
    WHERE x.corrects = p_message ORDER BY x.accepted_at DESC LIMIT 1
$$;
REVOKE ALL ON FUNCTION last_correction(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION last_correction(text, uuid) TO tsunagu_api;
