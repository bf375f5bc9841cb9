-- Why the client and seat that vouched for an endpoint may no longer do so; null while they may.
CREATE OR REPLACE FUNCTION voucher_gone(p_webhook uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE
        WHEN a.disabled_at IS NOT NULL THEN 'agency_disabled'
        WHEN c.disabled_at IS NOT NULL THEN 'client_disabled'
        WHEN s.disabled_at IS NOT NULL THEN 'seat_disabled'
        WHEN NOT EXISTS (SELECT FROM client_seat l
            WHERE l.client_id = w.client_id AND l.seat_id = w.seat_id) THEN 'seat_unlinked' END
    FROM webhook w JOIN agency a ON a.id = w.agency_id JOIN client c ON c.id = w.client_id
    JOIN seat s ON s.id = w.seat_id WHERE w.id = p_webhook
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION voucher_gone(uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
