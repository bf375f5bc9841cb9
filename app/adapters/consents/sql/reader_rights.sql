-- What decides which classes of a message an agency may open on the day `p_on`: its copy, its part
-- in the referral, consent and what was erased. No row if it has no copy. Both who reads a message
-- and who records that it was opened ask for it, so that a change of the case between them counts
-- only if it changes this. It takes no settings of its own, so that it becomes part of the query
-- that calls it.
CREATE OR REPLACE FUNCTION reader_rights(p_agency text, p_message uuid, p_on date)
RETURNS TABLE (rights jsonb)
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('party', q.name, 'classes', c.classes,
        'ended', q.until IS NOT NULL, 'sent', c.sent, 'recalled', c.recalled_at IS NOT NULL,
        'kept', c.kept, 'lacking', c.lacking, 'erased', ARRAY(
            SELECT e FROM unnest(r.erased_classes) AS e
            WHERE e = ANY (c.classes) AND m.class_digests ? e ORDER BY e),
        'covered', now.covered, 'lost', CASE WHEN EXISTS (
            SELECT FROM jsonb_object_keys(m.class_digests) AS d
            WHERE d = ANY (c.classes) AND d <> 'C0' AND d <> ALL (now.covered))
        THEN lost_classes(p_agency, c.referral_id) END)
    FROM copy c
    JOIN message m ON m.id = c.message_id
    JOIN referral r ON r.id = c.message_referral_id
    JOIN party q ON q.referral_id = c.referral_id AND q.agency_id = p_agency
    CROSS JOIN LATERAL (SELECT CASE WHEN q.by_consent AND NOT c.sent
        THEN coalesce(covered(p_agency, c.referral_id, p_on), '{}') END AS covered
        OFFSET 0) AS now
    WHERE c.message_id = p_message AND c.agency_id = p_agency OFFSET 0
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION reader_rights(text, uuid, date) FROM PUBLIC, tsunagu_api, tsunagu_worker;
