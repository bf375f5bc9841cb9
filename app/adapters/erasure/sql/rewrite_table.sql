-- Write a table into new files, without rows that were deleted or replaced. Runs as the owner.
-- Nobody reads or writes the table meanwhile; the caller's statement_timeout says how long at most.
-- CLUSTER keeps dead rows that an older snapshot may still see: its INFO says how many. (What
-- rewrites without that regard would show such a snapshot, as a dump's, an empty table.)
CREATE OR REPLACE FUNCTION rewrite_table(p_table text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET lock_timeout = '200ms'  -- others queue behind us while we wait
SET maintenance_work_mem = '256MB' AS $$
BEGIN
    CASE p_table
        WHEN 'referral_key' THEN CLUSTER VERBOSE public.referral_key USING referral_key_pkey;
        WHEN 'held_key' THEN CLUSTER VERBOSE public.held_key USING held_key_pkey;
        WHEN 'deadline' THEN CLUSTER VERBOSE public.deadline USING deadline_pkey;
        WHEN 'consent' THEN CLUSTER VERBOSE public.consent USING consent_pkey;
        WHEN 'webhook' THEN CLUSTER VERBOSE public.webhook USING webhook_pkey;
    END CASE;
END $$;
REVOKE ALL ON FUNCTION rewrite_table(text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION rewrite_table(text) TO tsunagu_worker;
