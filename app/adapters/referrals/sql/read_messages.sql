-- Messages for their reader: envelope, what decides which classes it may open on the day `p_on`,
-- sealed segments and wrapped keys. Segments come in the classes that the agency's copy gives it,
-- keys only while its part lasts. Runs as the owner: row security would ask for the copy again at
-- each segment and key, where one look-up for each message says the same. One plan serves every
-- call.
CREATE OR REPLACE FUNCTION read_messages(p_agency text, p_ids uuid[], p_on date)
RETURNS TABLE (
    meta text, classes text[], sealed bytea[], key_classes text[], masters integer[],
    wrapped bytea[]
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off AS $$
BEGIN
    PERFORM act_for(p_agency);
    RETURN QUERY
    SELECT (envelope(ROW(m.id, m.referral_id, m.type, m.from_party, m.from_agency, m.from_seat,
            m.recipients, m.occurred_on, m.accepted_at, m.legal_basis, m.urgency, m.in_reply_to,
            m.corrects, m.consent_ids, m.paper_origin, m.digest, m.class_digests,
            m.receipt)::message_row, mine.copy, n.id) || jsonb_build_object(
            'reader', w.rights, 'erased', CASE WHEN r.erased_classes <> '{}' THEN (
                SELECT coalesce(jsonb_object_agg(e.class, jsonb_build_object(
                    'erased_at', e.erased_at, 'because', e.rule)), '{}')
                FROM erasure e WHERE e.referral_id = r.id AND EXISTS (
                    SELECT FROM copy y JOIN message o ON o.id = y.message_id
                    WHERE y.agency_id = p_agency AND y.message_referral_id = r.id
                        AND e.class = ANY (y.classes) AND o.class_digests ? e.class)) END,
            'case_id', k.id, 'case_version', k.version))::text,
        s.classes, s.sealed, t.classes, t.masters, t.wrapped
    FROM unnest(p_ids) WITH ORDINALITY AS wanted (id, nth)
    -- By its key, whatever the planner thinks of the table.
    CROSS JOIN LATERAL (SELECT c AS copy, c.referral_id,
            CASE WHEN c.recalled_at IS NULL THEN c.classes ELSE c.kept END AS readable
        FROM copy c WHERE c.agency_id = p_agency AND c.message_id = wanted.id OFFSET 0) AS mine
    CROSS JOIN LATERAL reader_rights(p_agency, wanted.id, p_on) AS w
    JOIN message m ON m.id = wanted.id
    JOIN referral r ON r.id = m.referral_id
    JOIN "case" k ON k.id = r.case_id
    LEFT JOIN LATERAL last_correction(p_agency, m.id) AS n ON true
    CROSS JOIN LATERAL (SELECT array_agg(g.class) AS classes, array_agg(g.sealed) AS sealed
        FROM segment g WHERE g.message_id = m.id AND g.class = ANY (mine.readable)) AS s
    CROSS JOIN LATERAL (SELECT array_agg(y.class) AS classes, array_agg(y.master) AS masters,
            array_agg(y.wrapped) AS wrapped
        FROM referral_key y WHERE y.referral_id = m.referral_id AND y.class = ANY (mine.readable)
            AND NOT (w.rights ->> 'ended')::boolean) AS t
    ORDER BY wanted.nth;
END $$;
REVOKE ALL ON FUNCTION read_messages(text, uuid[], date) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION read_messages(text, uuid[], date) TO tsunagu_api;
