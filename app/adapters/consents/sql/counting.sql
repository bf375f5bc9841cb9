-- The agency's referrals in which a consent counts, and whether each is suspended.
CREATE OR REPLACE FUNCTION counting(c consent, p_agency text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE below AS (
        SELECT r.* FROM referral r WHERE r.id = c.referral_id
        UNION ALL
        SELECT r.* FROM referral r JOIN below b ON r.parent_id = b.id
    )
    SELECT coalesce(jsonb_agg(jsonb_build_object('referral_id', b.id,
        'suspended', 'suspended_consent' = ANY (b.back || b.state)) ORDER BY b.opened_at, b.id),
        '[]')
    FROM below b JOIN party q ON q.referral_id = b.id AND q.agency_id = p_agency
    WHERE q.until IS NULL AND serves(c.purpose, b.flow)
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION counting(consent, text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
