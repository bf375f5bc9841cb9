-- A page of the agency's deadlines, by due day, in the classes `p_classes` that the seat may
-- open. A deadline is a fact: it is shown while its class may be opened.
CREATE OR REPLACE FUNCTION list_deadlines(
    p_agency text, p_after date, p_after_referral uuid, p_after_kind text, p_limit integer,
    p_on date, p_classes text[]
) RETURNS text
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(to_jsonb(o)), '[]')::text FROM (
        SELECT d.referral_id, d.kind, d.due_on, d.told_at FROM deadline d
        WHERE d.agency_id = p_agency AND may_know(p_agency, d.referral_id, d.kind, p_on)
            AND d.kind IN (SELECT k.kind FROM deadline_kind k WHERE k.class = ANY (p_classes))
            AND (p_after IS NULL OR (d.due_on, d.referral_id, d.kind)
                > (p_after, p_after_referral, p_after_kind))
        ORDER BY d.due_on, d.referral_id, d.kind LIMIT p_limit) AS o);
END $$;
REVOKE ALL ON FUNCTION list_deadlines(text, date, uuid, text, integer, date, text[])
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION list_deadlines(text, date, uuid, text, integer, date, text[])
    TO tsunagu_api;
