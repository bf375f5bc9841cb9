-- Referrals of which facts may still be in clear, each with its keys and its facts, and those of
-- its parties' views.
CREATE OR REPLACE FUNCTION facts_to_seal(p_most integer) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'case_id', c.id,
        'version', c.version, 'erased', r.erased_classes, 'facts', r.facts,
        'keys', (SELECT coalesce(jsonb_object_agg(k.class, jsonb_build_array(k.master,
            encode(k.wrapped, 'hex'))), '{}') FROM referral_key k WHERE k.referral_id = r.id),
        'parties', (SELECT coalesce(jsonb_agg(jsonb_build_object('referral_id', r.id,
            'agency_id', q.agency_id, 'view', jsonb_build_object('facts', q.view -> 'facts'))), '[]')
            FROM party q WHERE q.referral_id = r.id))), '[]')::text
    FROM (SELECT * FROM referral WHERE NOT facts_sealed ORDER BY id LIMIT p_most) AS r
    JOIN "case" c ON c.id = r.case_id
$$;
REVOKE ALL ON FUNCTION facts_to_seal(integer) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION facts_to_seal(integer) TO tsunagu_worker;
