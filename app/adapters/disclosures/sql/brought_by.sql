-- The message through which a reader has this one: itself, or the first that shared it.
CREATE OR REPLACE FUNCTION brought_by(m message, c copy) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce((
        SELECT s.message_id FROM shown s JOIN message o ON o.id = s.message_id
        WHERE s.shown_id = m.id AND s.agency_id = c.agency_id
            AND c.message_referral_id <> c.referral_id
        ORDER BY o.accepted_at, o.id LIMIT 1), m.id)
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION brought_by(message, copy) FROM PUBLIC, tsunagu_api, tsunagu_worker;
