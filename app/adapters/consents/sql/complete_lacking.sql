-- After a new consent, add to the copies of these referrals the classes that were cut off for want
-- of one, as far as the parties' consents cover them now. What was recalled stays as it is. Returns
-- the copies that became more complete, each as agency, referral and message.
CREATE OR REPLACE FUNCTION complete_lacking(p jsonb) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    WITH completed AS (
        UPDATE copy c SET
            classes = ARRAY(SELECT unnest(c.classes) UNION
                (SELECT unnest(c.lacking) INTERSECT SELECT unnest(now.classes)) ORDER BY 1),
            lacking = ARRAY(SELECT unnest(c.lacking) EXCEPT SELECT unnest(now.classes) ORDER BY 1)
        FROM (
            SELECT q.agency_id, q.referral_id,
                covered(q.agency_id, q.referral_id, (p ->> 'today')::date) AS classes
            FROM party q
            WHERE q.referral_id IN (SELECT jsonb_array_elements_text(p -> 'referrals')::uuid)
                AND q.by_consent AND q.until IS NULL
            OFFSET 0
        ) AS now
        WHERE c.agency_id = now.agency_id AND c.referral_id = now.referral_id
            AND c.lacking && now.classes AND c.recalled_at IS NULL
        RETURNING c.agency_id, c.referral_id, c.message_id
    )
    SELECT coalesce(jsonb_agg(to_jsonb(completed)), '[]') FROM completed
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION complete_lacking(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
