-- The answer that was given when this message was accepted; null for a new message.
CREATE OR REPLACE FUNCTION find_repeat(p_message uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object('caller_agency', m.caller_agency, 'mac', encode(m.mac, 'hex'),
        'referral_id', m.referral_id, 'state', m.state_after, 'version', m.version_after,
        'accepted_at', m.accepted_at, 'urgency', m.urgency, 'digest', m.digest, 'receipt', m.receipt,
        'key', (SELECT jsonb_build_object('master', k.master, 'wrapped', encode(k.wrapped, 'hex'))
                FROM referral_key k WHERE k.referral_id = m.referral_id AND k.class = 'C0'))
    FROM message m WHERE m.id = p_message
$$;
REVOKE ALL ON FUNCTION find_repeat(uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION find_repeat(uuid) TO tsunagu_api;
