-- Destroy keys of a referral that were kept for legal holds, now that these have ended. The
-- day by which no backup has them goes to those who knew of the holds: `erasure` stays as it is, or it
-- would tell the others.
CREATE OR REPLACE FUNCTION destroy_held_keys(p jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    v_referral constant uuid := (p ->> 'referral_id')::uuid;
    v_classes constant text[] := ARRAY(SELECT jsonb_array_elements_text(p -> 'classes'));
BEGIN
    DELETE FROM held_key WHERE referral_id = v_referral AND class = ANY (v_classes);
    IF jsonb_array_length(p -> 'items') > 0 THEN PERFORM deliver(v_at, p -> 'items'); END IF;
    PERFORM write_log_of(NULL, v_at, p -> 'log');
END $$;
REVOKE ALL ON FUNCTION destroy_held_keys(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION destroy_held_keys(jsonb) TO tsunagu_worker;
