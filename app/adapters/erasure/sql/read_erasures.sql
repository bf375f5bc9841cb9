-- What was erased of a referral. Null if the agency has no part in it.
CREATE OR REPLACE FUNCTION read_erasures(p_agency text, p_referral uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    IF NOT EXISTS (SELECT FROM party q WHERE q.referral_id = p_referral) THEN RETURN NULL; END IF;
    RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('class', e.class,
            'erased_at', e.erased_at, 'because', e.rule, 'complete_on', e.complete_on,
            'overwritten_at', e.overwritten_at)
            ORDER BY e.class), '[]')
        FROM erasure e WHERE e.referral_id = p_referral);
END $$;
REVOKE ALL ON FUNCTION read_erasures(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION read_erasures(text, uuid) TO tsunagu_api;
