-- What an agency knows of a referral beside its view, and what it can send there depends on: since
-- when it is closed, if it was told so and that can be undone; and whether consents that it knows of
-- wait to be confirmed here, or were withdrawn. Null if it is no party now. Runs as the owner: no
-- agency reads consents, or the columns that tell what others did, by itself.
CREATE OR REPLACE FUNCTION known_situation(p_agency text, p_referral uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object(
        'closed_on', CASE WHEN q.view ->> 'state' = 'closed' THEN r.stops ->> 'closed_on' END,
        'consents', (
            SELECT coalesce(jsonb_agg(DISTINCT k.kind), '[]')
            FROM consent c CROSS JOIN LATERAL (SELECT CASE
                WHEN c.referral_id = r.id AND c.claimed AND c.withdrawn_on IS NULL
                    AND knows_consent(p_agency, c) THEN 'claimed'
                WHEN c.referral_id = r.id AND NOT c.claimed
                    AND (c.withdrawn_on IS NOT NULL OR c.withdrawn_items <> '{}')
                    AND knows_consent(p_agency, c) THEN 'withdrawn'
                -- The party that vouches is told of each claim below, and not of its withdrawal
                -- there. All other referrals of a case are below the one without a parent.
                WHEN c.referral_id <> r.id AND r.parent_id IS NULL AND c.claimed
                    AND NOT EXISTS (SELECT FROM copy w
                        WHERE w.message_id = c.withdrawn_by AND w.referral_id = r.id)
                    AND EXISTS (SELECT FROM copy y JOIN message m ON m.id = y.message_id
                        WHERE y.referral_id = r.id AND y.party = q.name
                            AND m.type = r.flow || '.consent_claimed') THEN 'claimed_below'
                END AS kind) AS k
            WHERE c.case_id = r.case_id AND k.kind IS NOT NULL))
    FROM party q JOIN referral r ON r.id = q.referral_id
    WHERE q.referral_id = p_referral AND q.agency_id = p_agency AND q.until IS NULL
$$;
REVOKE ALL ON FUNCTION known_situation(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION known_situation(text, uuid) TO tsunagu_api;
