-- After a new consent, add to the copies of these referrals the classes that were cut off for want
-- of one, as far as the parties' consents cover them now, and note when and on which consents. What
-- was recalled stays as it is. Returns the copies that became more complete, each as agency,
-- referral and message.
CREATE OR REPLACE FUNCTION complete_lacking(p_at timestamptz, p jsonb) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    WITH reader AS MATERIALIZED (
        SELECT q.agency_id, q.referral_id,
            covered(q.agency_id, q.referral_id, (p ->> 'today')::date) AS classes
        FROM party q
        WHERE q.referral_id IN (SELECT jsonb_array_elements_text(p -> 'referrals')::uuid)
            AND q.by_consent AND q.until IS NULL
    ), lacking AS MATERIALIZED (
        SELECT c.agency_id, c.referral_id, c.message_id,
            ARRAY(SELECT unnest(c.lacking) INTERSECT SELECT unnest(r.classes) ORDER BY 1) AS added
        FROM reader r JOIN copy c USING (agency_id, referral_id)
        WHERE c.lacking && r.classes AND c.recalled_at IS NULL
    ), carrying AS MATERIALIZED (
        SELECT l.agency_id, l.referral_id, l.added, ARRAY(
            SELECT o.id FROM consents_for(l.agency_id, l.referral_id) AS o
            WHERE o.withdrawn_on IS NULL AND o.valid_from <= (p ->> 'today')::date
                AND (o.valid_until IS NULL OR o.valid_until >= (p ->> 'today')::date)
                AND EXISTS (SELECT unnest(o.classes) INTERSECT SELECT unnest(l.added)
                    EXCEPT SELECT unnest(taken_back(o, l.agency_id)))
            ORDER BY o.id) AS consents
        FROM (SELECT DISTINCT agency_id, referral_id, added FROM lacking) AS l
    ), completed AS (
        UPDATE copy c SET
            classes = ARRAY(SELECT unnest(c.classes) UNION SELECT unnest(l.added) ORDER BY 1),
            lacking = ARRAY(SELECT unnest(c.lacking) EXCEPT SELECT unnest(l.added) ORDER BY 1),
            rests_on = ARRAY(SELECT unnest(c.rests_on) UNION SELECT unnest(k.consents) ORDER BY 1),
            completions = c.completions || jsonb_build_object('at', p_at, 'classes', l.added,
                'rests_on', k.consents, 'new',
                ARRAY(SELECT unnest(k.consents) EXCEPT SELECT unnest(c.rests_on)))
        FROM lacking l JOIN carrying k USING (agency_id, referral_id, added)
        WHERE c.agency_id = l.agency_id AND c.message_id = l.message_id
        RETURNING c.agency_id, c.referral_id, c.message_id
    )
    SELECT coalesce(jsonb_agg(to_jsonb(completed)), '[]') FROM completed
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION complete_lacking(timestamptz, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
