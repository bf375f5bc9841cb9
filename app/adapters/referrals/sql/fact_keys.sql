-- The keys of the classes of which the agency's view of a referral holds sealed facts. Runs as the
-- owner: what a party knows stays known when the message that told it is recalled.
CREATE OR REPLACE FUNCTION fact_keys(p_agency text, p_referral uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(jsonb_object_agg(k.class,
        jsonb_build_array(k.master, encode(k.wrapped, 'hex'))), '{}')
    FROM party q JOIN referral_key k ON k.referral_id = q.referral_id
    WHERE q.referral_id = p_referral AND q.agency_id = p_agency AND q.until IS NULL
        AND k.class IN (SELECT f.value ->> 'class' FROM jsonb_each(q.view -> 'facts') AS f
                        WHERE jsonb_typeof(f.value) = 'object')
$$;
REVOKE ALL ON FUNCTION fact_keys(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION fact_keys(text, uuid) TO tsunagu_api;
