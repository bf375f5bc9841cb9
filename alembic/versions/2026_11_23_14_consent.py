"""Consent as a gate: what each reader was told on, what was taken back of it, and who may know.

A copy keeps the consents by which its reader was told. They name that reader, so it may know of
them; in the message itself they would be shown to others, who may not.
"""

from alembic import op

from app.adapters.amendments import amend, restore

revision = "2026_11_23_14"
down_revision = "2026_11_23_13"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"

COLUMNS = """
ALTER TABLE consent ADD COLUMN withdrawn_items text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN consent.withdrawn_items IS
    'What was taken back while the rest stands: classes, agency ids, kinds of agency.';
ALTER TABLE copy ADD COLUMN rests_on uuid[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN copy.rests_on IS
    'The consents by which this reader was told; in a sender''s copy, all by which it told.';
"""

# Every consent that was given for telling this agency in this referral, in force or not.
CONSENTS = f"""
CREATE FUNCTION consents_for(p_agency text, p_referral uuid) RETURNS SETOF consent
LANGUAGE sql STABLE {DEFINER} AS $$
    WITH RECURSIVE above AS (
        SELECT r.id, r.parent_id FROM referral r WHERE r.id = p_referral
        UNION ALL
        SELECT r.id, r.parent_id FROM referral r JOIN above a ON r.id = a.parent_id
    )
    SELECT c.* FROM above a JOIN consent c ON c.referral_id = a.id
    JOIN referral here ON here.id = p_referral
    WHERE serves(c.purpose, here.flow)
        AND c.recipients && ARRAY[p_agency, (SELECT kind FROM agency WHERE id = p_agency)]
$$;
CREATE FUNCTION taken_back(c consent, p_agency text) RETURNS text[]
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT CASE WHEN c.withdrawn_on IS NOT NULL OR c.withdrawn_items
                && ARRAY[p_agency, (SELECT kind FROM agency WHERE id = p_agency)]
        THEN c.classes
        ELSE ARRAY(SELECT unnest(c.classes) INTERSECT SELECT unnest(c.withdrawn_items)) END
$$;
CREATE FUNCTION lost_classes(p_agency text, p_referral uuid) RETURNS text[]
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT array_agg(DISTINCT class)
    FROM consents_for(p_agency, p_referral) AS c
    CROSS JOIN unnest(taken_back(c, p_agency)) AS class
$$;
"""

# Seen by whoever is, or was, a party where it was recorded, and by the recipients that it names,
# as it stood when their part ended. Of a referral in which the asking agency has no part nothing
# is told, and a message is named only to those who may read it.
LIST = f"""
CREATE FUNCTION list_consents(p_agency text, p_case uuid, p_after date, p_after_id uuid,
    p_limit integer)
RETURNS text LANGUAGE plpgsql STABLE {DEFINER} AS $$
DECLARE v_until timestamptz; v_kind text;
BEGIN
    SELECT max(coalesce(q.until, 'infinity')) INTO v_until
    FROM referral r JOIN party q ON q.referral_id = r.id AND q.agency_id = p_agency
    WHERE r.case_id = p_case;
    IF v_until IS NULL THEN RETURN NULL; END IF;
    SELECT kind INTO v_kind FROM agency WHERE id = p_agency;
    RETURN (SELECT coalesce(jsonb_agg(o.shown ORDER BY o.valid_from, o.id), '[]')::text FROM (
        SELECT c.valid_from, c.id, jsonb_build_object('id', c.id,
            'referral_id', CASE WHEN k.here IS NOT NULL THEN c.referral_id END,
            'purpose', c.purpose, 'recipients', c.recipients, 'classes', c.classes,
            'valid_from', c.valid_from, 'valid_until', c.valid_until,
            'withdrawn_on', CASE WHEN w.accepted_at <= k.until THEN c.withdrawn_on END,
            'withdrawn_items', CASE WHEN w.accepted_at <= k.until THEN c.withdrawn_items
                ELSE '{{}}' END,
            'recorded_in', (SELECT y.message_id FROM copy y
                WHERE y.agency_id = p_agency AND y.message_id = c.message_id),
            'withdrawn_in', (SELECT y.message_id FROM copy y
                WHERE y.agency_id = p_agency AND y.message_id = c.withdrawn_by),
            'counts_in', counting(c, p_agency)) AS shown
        FROM consent c
        JOIN message m ON m.id = c.message_id
        LEFT JOIN message w ON w.id = c.withdrawn_by
        LEFT JOIN party q ON q.referral_id = c.referral_id AND q.agency_id = p_agency
        CROSS JOIN LATERAL (SELECT q.referral_id AS here, greatest(
            CASE WHEN q.referral_id IS NOT NULL THEN coalesce(q.until, 'infinity') END,
            CASE WHEN c.recipients && ARRAY[p_agency, v_kind] THEN v_until END) AS until) AS k
        WHERE c.case_id = p_case AND m.accepted_at <= k.until
            AND (p_after IS NULL OR (c.valid_from, c.id) > (p_after, p_after_id))
        ORDER BY c.valid_from, c.id LIMIT p_limit) AS o);
END $$;
CREATE FUNCTION counting(c consent, p_agency text) RETURNS jsonb
LANGUAGE sql STABLE {DEFINER} AS $$
    WITH RECURSIVE below AS (
        SELECT r.* FROM referral r WHERE r.id = c.referral_id
        UNION ALL
        SELECT r.* FROM referral r JOIN below b ON r.parent_id = b.id
    )
    SELECT coalesce(jsonb_agg(jsonb_build_object('referral_id', b.id,
        'suspended', 'suspended_consent' = ANY (b.back || b.state)) ORDER BY b.opened_at, b.id),
        '[]')
    FROM below b JOIN party q ON q.referral_id = b.id AND q.agency_id = p_agency
    WHERE q.until IS NULL AND serves(c.purpose, b.flow)
$$;
"""

RECIPIENT = "c.recipients && ARRAY[p_agency, (SELECT kind FROM agency WHERE id = p_agency)]"
PART = "p #> '{withdrawn,part}' ? id::text"
COVERED = """'covered', CASE WHEN q.by_consent AND NOT c.sent
                           THEN coalesce(covered(p_agency, c.referral_id, p_on), '{}') END),"""
# `OFFSET 0`: merged into the query around it, what is covered would be asked once a use.
COVERED_ONCE = """'covered', now.covered, 'lost', CASE WHEN EXISTS (
                    SELECT FROM jsonb_object_keys(m.class_digests) AS d
                    WHERE d = ANY (c.classes) AND d <> 'C0' AND d <> ALL (now.covered))
                THEN lost_classes(p_agency, c.referral_id) END),"""
JOINED = "CROSS JOIN LATERAL case_of(c.referral_id) AS k"

NAMED = "seen_consents(c.agency_id, p_case, b.consent_ids)"
RESTING = """seen_consents(c.agency_id, p_case, CASE
            WHEN c.sent OR d.agency_id = c.agency_id THEN (SELECT y.rests_on FROM copy y
                WHERE y.agency_id = d.agency_id AND y.message_id = b.id)
            ELSE b.consent_ids END)"""

CHANGES = {
    "shown_disclosure(uuid, disclosure, copy, jsonb)": ((NAMED, RESTING),),
    "accept(jsonb, uuid[], text[], integer[], bytea[], uuid[], text[], bytea[])": (
        (
            "number,\n        classes, sent)\n    SELECT c.agency_id",
            "number,\n        classes, sent, rests_on)\n    SELECT c.agency_id",
        ),
        ("c.classes, c.sent\n", "c.classes, c.sent, coalesce(c.rests_on, '{}')\n"),
        (
            "classes text[],\n        sent boolean);",
            "classes text[],\n        sent boolean, rests_on uuid[]);",
        ),
    ),
    "accept_rest(timestamptz, uuid, jsonb)": (
        (
            "UPDATE consent SET withdrawn_on = (p #>> '{withdrawn,on}')::date,",
            f"""UPDATE consent SET withdrawn_on = CASE WHEN {PART} THEN NULL
                ELSE (p #>> '{{withdrawn,on}}')::date END,
            withdrawn_items = CASE WHEN {PART} THEN withdrawn_items || ARRAY(
                SELECT jsonb_array_elements_text(p #> '{{withdrawn,items}}'))
                ELSE withdrawn_items END,""",
        ),
    ),
    "load_case(text, uuid, uuid, uuid[], boolean)": (
        (
            "'withdrawn_on', c.withdrawn_on)), '[]')",
            "'withdrawn_on', c.withdrawn_on, 'withdrawn_items', c.withdrawn_items)), '[]')",
        ),
    ),
    "covered(text, uuid, date)": (
        (RECIPIENT, f"{RECIPIENT}\n        AND granted <> ALL (taken_back(c, p_agency))"),
    ),
    "envelope(message_row, copy)": (
        ("'consent_ids', m.consent_ids,", "'consent_ids', m.consent_ids, 'rests_on', c.rests_on,"),
    ),
    "read_messages(text, uuid[], date)": (
        (COVERED, COVERED_ONCE),
        (
            JOINED,
            f"""{JOINED}
    CROSS JOIN LATERAL (SELECT CASE WHEN q.by_consent AND NOT c.sent
        THEN coalesce(covered(p_agency, c.referral_id, p_on), '{{}}') END AS covered
        OFFSET 0) AS now""",
        ),
    ),
}

FUNCTIONS = [
    "consents_for(text, uuid)",
    "taken_back(consent, text)",
    "lost_classes(text, uuid)",
    "counting(consent, text)",
    "list_consents(text, uuid, date, uuid, integer)",
]
API = ["lost_classes(text, uuid)", "list_consents(text, uuid, date, uuid, integer)"]


def upgrade() -> None:
    """Add the columns and functions, and let the older functions know of them."""
    op.execute(COLUMNS)
    op.execute(CONSENTS)
    op.execute(LIST)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for function in API:
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO tsunagu_api")
    amend(op.get_bind(), CHANGES)


def downgrade() -> None:
    """Put the older functions back, and take away what was made."""
    restore(op.get_bind(), CHANGES)
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("""
        ALTER TABLE copy DROP COLUMN rests_on;
        ALTER TABLE consent DROP COLUMN withdrawn_items;
    """)
