-- The next version of a master key in use after `p_after`. It probes the indexes, as often as
-- there are versions; DISTINCT would read every row.
CREATE OR REPLACE FUNCTION next_master(p_after integer) RETURNS integer
LANGUAGE sql STABLE
    RETURN least(
        (SELECT k.master FROM referral_key k WHERE k.master > p_after ORDER BY k.master LIMIT 1),
        (SELECT h.master FROM held_key h WHERE h.master > p_after ORDER BY h.master LIMIT 1),
        (SELECT w.master FROM webhook w WHERE w.master > p_after ORDER BY w.master LIMIT 1),
        (SELECT w.old_master FROM webhook w WHERE w.old_master > p_after
            ORDER BY w.old_master LIMIT 1));
-- Called by other functions only.
REVOKE ALL ON FUNCTION next_master(integer) FROM PUBLIC, tsunagu_api, tsunagu_worker;
