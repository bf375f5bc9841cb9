-- Whether a key that was erased before `p_before` has not been overwritten, or the last overwriting
-- was before then; and what keeps erased keys in the WAL of this server: `overwriting_rights` the
-- worker may not discard it, `wal_recycle` its files are used again with what is in them, `wal_kept`
-- an idle replication slot or wal_keep_size keeps it, `wal_archive` an archive, which is a backup.
CREATE OR REPLACE FUNCTION overwriting_figures(p_before timestamptz) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object(
        'late', EXISTS (SELECT FROM erasure e
            WHERE e.overwritten_at IS NULL AND e.erased_at < p_before)
            OR EXISTS (SELECT FROM overwriting o WHERE o.began_at < p_before),
        'obstacles', array_remove(ARRAY[
            CASE WHEN NOT (pg_has_role('tsunagu_worker', 'pg_checkpoint', 'USAGE')
                AND has_function_privilege('tsunagu_worker', 'pg_switch_wal()', 'EXECUTE')
                AND has_function_privilege('tsunagu_worker', 'pg_ls_waldir()', 'EXECUTE')
                AND has_function_privilege('tsunagu_worker',
                    'pg_ls_dir(text, boolean, boolean)', 'EXECUTE'))
                THEN 'overwriting_rights' END,
            CASE WHEN current_setting('wal_recycle') = 'on' THEN 'wal_recycle' END,
            CASE WHEN current_setting('wal_keep_size') <> '0' OR EXISTS (
                SELECT FROM pg_replication_slots WHERE NOT active AND restart_lsn IS NOT NULL)
                THEN 'wal_kept' END,
            CASE WHEN current_setting('archive_mode') <> 'off' THEN 'wal_archive' END], NULL))
$$;
REVOKE ALL ON FUNCTION overwriting_figures(timestamptz) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION overwriting_figures(timestamptz) TO tsunagu_api, tsunagu_worker;
