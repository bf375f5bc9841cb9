-- Replace the facts of a referral and of its parties' views by sealed ones, unless the case has
-- changed since they were read.
CREATE OR REPLACE FUNCTION write_sealed_facts(
    p jsonb, p_key_class text[], p_key_master integer[], p_key_wrapped bytea[]
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_referral constant uuid := (p ->> 'id')::uuid;
BEGIN
    PERFORM FROM "case" WHERE id = (p ->> 'case_id')::uuid
        AND version = (p ->> 'version')::bigint FOR UPDATE;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO referral_key (referral_id, class, master, wrapped)
    SELECT v_referral, k.* FROM unnest(p_key_class, p_key_master, p_key_wrapped) AS k;
    UPDATE referral SET facts = p -> 'facts', facts_sealed = true WHERE id = v_referral;
    UPDATE party q SET view = jsonb_set(q.view, '{facts}', x.view -> 'facts')
    FROM jsonb_to_recordset(p -> 'parties') AS x (agency_id text, view jsonb)
    WHERE q.referral_id = v_referral AND q.agency_id = x.agency_id
        AND q.view -> 'facts' <> x.view -> 'facts';
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION write_sealed_facts(jsonb, text[], integer[], bytea[])
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION write_sealed_facts(jsonb, text[], integer[], bytea[]) TO tsunagu_worker;
