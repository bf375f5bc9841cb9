-- Count a call that makes us send something to an endpoint other than what arrived in the inbox.
-- Answers 0; or, if there were too many in the last minute, counts nothing and answers the seconds
-- to wait. Calls of all agencies are counted one after the other, so that none passes a limit. The
-- limit of a target is shared by all agencies, but each may send it as much as one endpoint gets,
-- whatever the others did: they must not keep it from an endpoint that it shares with them.
CREATE OR REPLACE FUNCTION count_webhook_call(
    p_agency text, p_webhook uuid, p_targets text[], p_at timestamptz, p_of_an_endpoint integer,
    p_of_an_agency integer, p_to_a_target integer
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_at constant timestamptz := service_time(p_at);
    v_minute constant interval := '1 minute';
    v_full timestamptz;
    v_own_share timestamptz;
BEGIN
    PERFORM act_for(p_agency);
    PERFORM pg_advisory_xact_lock(hashtextextended('webhook_call', 0));
    DELETE FROM webhook_call WHERE at <= v_at - v_minute;
    SELECT c.at INTO v_own_share FROM webhook_call c
    WHERE c.agency_id = p_agency AND c.targets && p_targets
    ORDER BY c.at DESC OFFSET p_of_an_endpoint - 1 LIMIT 1;
    SELECT max(e.at) INTO v_full FROM (
        (SELECT c.at FROM webhook_call c WHERE c.webhook_id = p_webhook
            ORDER BY c.at DESC OFFSET p_of_an_endpoint - 1 LIMIT 1)
        UNION ALL (SELECT c.at FROM webhook_call c WHERE c.agency_id = p_agency
            ORDER BY c.at DESC OFFSET p_of_an_agency - 1 LIMIT 1)
        UNION ALL (SELECT least(c.at, v_own_share) FROM webhook_call c
            WHERE c.targets && p_targets AND v_own_share IS NOT NULL
            ORDER BY c.at DESC OFFSET p_to_a_target - 1 LIMIT 1)) AS e;
    IF v_full IS NOT NULL THEN
        RETURN greatest(1, ceil(extract(epoch FROM v_full + v_minute - v_at)))::integer;
    END IF;
    INSERT INTO webhook_call (id, agency_id, webhook_id, targets, at)
    VALUES (gen_random_uuid(), p_agency, p_webhook, p_targets, v_at);
    RETURN 0;
END $$;
REVOKE ALL ON FUNCTION count_webhook_call(
    text, uuid, text[], timestamptz, integer, integer, integer
) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION count_webhook_call(
    text, uuid, text[], timestamptz, integer, integer, integer
) TO tsunagu_api;
