-- A batch of keys that these master keys wrap, after a primary key. The last row that was read is
-- included whatever its master key is: the next call starts there. Keys that are kept for a legal
-- hold are among them: no two rows have one primary key.
CREATE OR REPLACE FUNCTION keys_of_masters(
    p_masters integer[], p_referral uuid, p_class text, p_most integer
) RETURNS TABLE (referral_id uuid, class text, master integer, wrapped bytea)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT s.referral_id, s.class, s.master, s.wrapped
    FROM (
        SELECT k.*, row_number() OVER (ORDER BY k.referral_id, k.class) AS place,
            count(*) OVER () AS places FROM (
            (SELECT f.referral_id, f.class, f.master, f.wrapped FROM referral_key f
                WHERE (f.referral_id, f.class) > (p_referral, p_class)
                ORDER BY f.referral_id, f.class LIMIT p_most)
            UNION ALL
            (SELECT h.referral_id, h.class, h.master, h.wrapped FROM held_key h
                WHERE (h.referral_id, h.class) > (p_referral, p_class)
                ORDER BY h.referral_id, h.class LIMIT p_most)
            ORDER BY referral_id, class LIMIT p_most) AS k
    ) AS s
    WHERE s.master = ANY (p_masters) OR s.place = s.places
    ORDER BY s.place
$$;
REVOKE ALL ON FUNCTION keys_of_masters(integer[], uuid, text, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION keys_of_masters(integer[], uuid, text, integer) TO tsunagu_worker;
