"""Who received and opened what in a case, as far as each party may know it.

One function answers, as the owner: it sees the copies of others, and tells of them only what the
asking agency knows anyhow. Its own receipts and openings; of what it sent or showed to others, who
got which classes; of what it sent, who opened them; of what it received, who else was named in it.
A reader whom the sender does not know stays unknown, unless what it had opened is taken back.
"""

from collections.abc import Iterable

from alembic import op
from sqlalchemy import text

revision = "2026_11_23_13"
down_revision = "2026_11_23_12"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"

# Openings are read by message, reader and time. What was asked for and not opened is none of them.
TABLE = """
CREATE TABLE shown (
    message_id uuid NOT NULL REFERENCES message,
    agency_id text NOT NULL,
    shown_id uuid NOT NULL REFERENCES message,
    party text NOT NULL,
    classes text[] NOT NULL,
    PRIMARY KEY (message_id, agency_id, shown_id)
);
COMMENT ON TABLE shown IS
    'Older messages that a message showed to its recipients, also to those who had them already:'
    ' its sender may not learn which these are.';
CREATE INDEX ix_shown_reader ON shown (shown_id, agency_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON shown
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE shown ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON shown FOR SELECT TO tsunagu_api USING (false);
GRANT SELECT ON shown TO tsunagu_api;
DROP INDEX ix_log_entry_disclosure;
CREATE INDEX ix_log_entry_disclosure ON log_entry (message_id, agency_id, at, id)
    WHERE kind = 'disclosure' AND detail -> 'classes' <> '[]';
"""
# A shown message was counted for its reader right after the message that showed it.
SHOWN_BEFORE = """
INSERT INTO shown (message_id, agency_id, shown_id, party, classes)
SELECT b.message_id, c.agency_id, c.message_id, c.party, c.classes
FROM copy c CROSS JOIN LATERAL (
    SELECT y.message_id FROM copy y
    WHERE y.agency_id = c.agency_id AND y.referral_id = c.referral_id AND y.number < c.number
        AND y.message_referral_id = y.referral_id
    ORDER BY y.number DESC LIMIT 1) AS b
WHERE c.message_referral_id <> c.referral_id
"""
TABLE_BEFORE = """
DROP TABLE shown;
DROP INDEX ix_log_entry_disclosure;
CREATE INDEX ix_log_entry_disclosure ON log_entry (message_id) WHERE kind = 'disclosure';
"""

# The end of what an acceptance brings with it.
ERASED = "    IF p ? 'erased' THEN\n"
SHOWN = """    IF p ? 'shown' THEN
        INSERT INTO shown (message_id, agency_id, shown_id, party, classes)
        SELECT s.message_id, s.agency_id, s.shown_id, s.party, s.classes
        FROM jsonb_to_recordset(p -> 'shown') AS s (message_id uuid, agency_id text,
            shown_id uuid, party text, classes text[]);
    END IF;
"""

TYPE = """
CREATE TYPE disclosure AS (agency_id text, at timestamptz, rank integer, id uuid, how text,
    party text, seat_id text, classes text[], message_id uuid, brought_by uuid);
COMMENT ON TYPE disclosure IS
    'One thing that became known to an agency, or was taken back; in the order of the first four.'
    ' Law and consent are those of the message that brought it, if the asker knows that one.';
"""

RECEIPTS = f"""
CREATE FUNCTION has_classes(p_classes text[], m message) RETURNS text[]
LANGUAGE sql IMMUTABLE {DEFINER} AS $$
    SELECT coalesce(array_agg(c ORDER BY c), '{{}}') FROM unnest(p_classes) AS c
    WHERE m.class_digests ? c
$$;
-- What a named recipient got: in its inbox or on paper, and whether it was taken back.
CREATE FUNCTION receipts_of(p_agency text, p_party text, m message, p_seats boolean)
RETURNS SETOF disclosure LANGUAGE plpgsql STABLE {DEFINER} AS $$
DECLARE y copy; i inbox_item; x recall; v_classes text[];
BEGIN
    SELECT * INTO y FROM copy WHERE agency_id = p_agency AND message_id = m.id;
    SELECT * INTO i FROM inbox_item
    WHERE agency_id = p_agency AND message_id = m.id AND kind = 'message';
    IF y.agency_id IS NULL OR i.agency_id IS NULL THEN RETURN; END IF;
    v_classes := has_classes(y.classes, m);
    RETURN NEXT ROW(p_agency, m.accepted_at, 0, m.id,
        CASE WHEN i.to_print THEN 'to_print' ELSE 'received' END, p_party, NULL, v_classes, m.id,
        m.id)::disclosure;
    IF i.printed_at IS NOT NULL THEN
        RETURN NEXT ROW(p_agency, i.printed_at, 1, m.id, 'printed', p_party,
            CASE WHEN p_seats THEN i.printed_by END, v_classes, m.id, m.id)::disclosure;
    END IF;
    SELECT * INTO x FROM recall WHERE message_id = m.id AND recipient_agency = p_agency;
    IF x.id IS NOT NULL THEN
        RETURN NEXT ROW(p_agency, x.recalled_at, 3, m.id, 'recalled', p_party,
            CASE WHEN p_seats THEN x.recalled_by END, v_classes, m.id, m.id)::disclosure;
    END IF;
END $$;
-- What its sender knows: all recipients, what it showed them, and whoever else had opened a copy
-- that was taken back.
CREATE FUNCTION receipts_as_sender(m message) RETURNS SETOF disclosure
LANGUAGE plpgsql STABLE {DEFINER} AS $$
DECLARE r record;
BEGIN
    FOR r IN SELECT * FROM jsonb_to_recordset(m.recipients) AS q (agency_id text, party text)
    LOOP
        RETURN QUERY SELECT * FROM receipts_of(r.agency_id, r.party, m, true);
    END LOOP;
    FOR r IN SELECT * FROM shown WHERE message_id = m.id
    LOOP
        RETURN NEXT ROW(r.agency_id, m.accepted_at, 0, r.shown_id, 'received', r.party, NULL,
            (SELECT has_classes(r.classes, o) FROM message o WHERE o.id = r.shown_id),
            r.shown_id, m.id)::disclosure;
    END LOOP;
    FOR r IN SELECT * FROM recall WHERE message_id = m.id AND disclosed AND NOT named
    LOOP
        RETURN NEXT ROW(r.recipient_agency, r.recalled_at, 3, m.id, 'recalled', NULL,
            r.recalled_by, has_classes(ARRAY(
                SELECT DISTINCT jsonb_array_elements_text(o -> 'classes')
                FROM jsonb_array_elements(r.openings) AS o), m), m.id, NULL)::disclosure;
    END LOOP;
END $$;
-- What a reader knows: its own receipt, and that the others named with it got the message too.
CREATE FUNCTION receipts_as_reader(m message, c copy, p_brought_by uuid) RETURNS SETOF disclosure
LANGUAGE plpgsql STABLE {DEFINER} AS $$
DECLARE r record; v_shown message; x recall;
BEGIN
    FOR r IN SELECT * FROM jsonb_to_recordset(m.recipients) AS q (agency_id text, party text)
    LOOP
        IF r.agency_id = c.agency_id THEN
            RETURN QUERY SELECT * FROM receipts_of(r.agency_id, r.party, m, false);
        ELSE
            RETURN QUERY SELECT d.agency_id, d.at, d.rank, d.id, d.how, d.party, NULL::text,
                NULL::text[], d.message_id, d.brought_by
            FROM receipts_of(r.agency_id, r.party, m, false) AS d
            WHERE d.how IN ('received', 'to_print');
        END IF;
    END LOOP;
    IF p_brought_by = m.id THEN RETURN; END IF;
    SELECT * INTO v_shown FROM message WHERE id = p_brought_by;
    RETURN NEXT ROW(c.agency_id, v_shown.accepted_at, 0, m.id, 'received', c.party, NULL,
        has_classes(c.classes, m), m.id, p_brought_by)::disclosure;
    SELECT * INTO x FROM recall WHERE message_id = m.id AND recipient_agency = c.agency_id;
    IF x.id IS NOT NULL THEN
        RETURN NEXT ROW(c.agency_id, x.recalled_at, 3, m.id, 'recalled', c.party, NULL,
            has_classes(c.classes, m), m.id, p_brought_by)::disclosure;
    END IF;
END $$;
-- The message by which a reader has this one: itself, or the first that showed it.
CREATE FUNCTION brought_by(m message, c copy) RETURNS uuid LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT coalesce((
        SELECT s.message_id FROM shown s JOIN message o ON o.id = s.message_id
        WHERE s.shown_id = m.id AND s.agency_id = c.agency_id
            AND c.message_referral_id <> c.referral_id
        ORDER BY o.accepted_at, o.id LIMIT 1), m.id)
$$;
"""

# What a page looks at. Written out, since a plan that does not know it sorts all that there is;
# and a plan made for messages that are seldom opened does so too, unless it is told.
MOST = 500
BY_INDEX = "SET enable_sort = off SET enable_bitmapscan = off"

# From a reader and a moment on, so that a page costs the same wherever it begins. What the sender
# did not say itself (it came on paper) is told of those whom it named.
OPENINGS = f"""
CREATE FUNCTION openings_as_sender(p_agency text, m message, p_from text, p_at timestamptz,
    p_rank integer, p_id uuid)
RETURNS SETOF disclosure LANGUAGE plpgsql STABLE {DEFINER} {BY_INDEX} AS $$
BEGIN
    RETURN QUERY SELECT e.agency_id, e.at, 2, e.id, 'opened', q.party, e.seat_id,
        ARRAY(SELECT jsonb_array_elements_text(e.detail -> 'classes')), m.id,
        CASE WHEN q.party IS NOT NULL OR e.agency_id = p_agency THEN m.id END
    FROM log_entry e
    CROSS JOIN LATERAL (SELECT (SELECT r ->> 'party' FROM jsonb_array_elements(m.recipients) AS r
        WHERE r ->> 'agency_id' = e.agency_id LIMIT 1) AS party) AS q
    WHERE e.kind = 'disclosure' AND e.detail -> 'classes' <> '[]' AND e.message_id = m.id
        AND (e.agency_id, e.at) >= (p_from, p_at)
        AND (e.agency_id, e.at, 2, e.id) > (p_from, p_at, p_rank, p_id)
        AND (p_agency = ANY (e.agencies) OR q.party IS NOT NULL)
    ORDER BY e.agency_id, e.at, e.id LIMIT {MOST};
END $$;
CREATE FUNCTION openings_as_reader(m message, c copy, p_brought_by uuid, p_from text,
    p_at timestamptz, p_rank integer, p_id uuid)
RETURNS SETOF disclosure LANGUAGE plpgsql STABLE {DEFINER} {BY_INDEX} AS $$
BEGIN
    RETURN QUERY SELECT e.agency_id, e.at, 2, e.id, 'opened', c.party, e.seat_id,
        ARRAY(SELECT jsonb_array_elements_text(e.detail -> 'classes')), m.id, p_brought_by
    FROM log_entry e
    WHERE e.kind = 'disclosure' AND e.detail -> 'classes' <> '[]' AND e.message_id = m.id
        AND e.agency_id = c.agency_id AND (e.agency_id, e.at) >= (p_from, p_at)
        AND (e.agency_id, e.at, 2, e.id) > (p_from, p_at, p_rank, p_id)
    ORDER BY e.at, e.id LIMIT {MOST};
END $$;
CREATE FUNCTION known_of(m message, c copy, p_from text, p_at timestamptz, p_rank integer,
    p_id uuid)
RETURNS SETOF disclosure LANGUAGE plpgsql STABLE {DEFINER} AS $$
DECLARE v_by uuid;
BEGIN
    IF sent_by(m, c.agency_id) THEN
        RETURN QUERY SELECT * FROM receipts_as_sender(m);
        RETURN QUERY SELECT * FROM openings_as_sender(c.agency_id, m, p_from, p_at, p_rank, p_id);
    ELSE
        v_by := brought_by(m, c);
        RETURN QUERY SELECT * FROM receipts_as_reader(m, c, v_by);
        RETURN QUERY SELECT * FROM openings_as_reader(m, c, v_by, p_from, p_at, p_rank, p_id);
    END IF;
END $$;
"""

# A page looks at no more than `p_most` messages and events (up to MOST), however few of them are
# asked for; it may then be short, or empty, and still have a next one. One by one, by index.
LIST = f"""
CREATE FUNCTION seen_consents(p_agency text, p_case uuid, p_ids uuid[]) RETURNS uuid[]
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT coalesce(array_agg(c.id ORDER BY c.id), '{{}}') FROM consent c
    WHERE c.case_id = p_case AND c.id = ANY (p_ids) AND (
        EXISTS (SELECT FROM party q
                WHERE q.referral_id = c.referral_id AND q.agency_id = p_agency)
        OR c.recipients && ARRAY[p_agency, (SELECT a.kind FROM agency a WHERE a.id = p_agency)])
$$;
CREATE FUNCTION shown_disclosure(p_case uuid, d disclosure, c copy, p_key jsonb) RETURNS jsonb
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT jsonb_build_object('how', d.how, 'at', d.at, 'agency_id', d.agency_id,
        'party', d.party, 'seat_id', d.seat_id, 'classes', d.classes,
        'referral_id', m.referral_id, 'via', c.referral_id, 'message_id', m.id, 'type', m.type,
        'from', jsonb_build_object('party', m.from_party, 'agency_id', m.from_agency),
        'shown_by', CASE WHEN b.id <> m.id THEN b.id END, 'legal_basis', b.legal_basis,
        'consent_ids', CASE WHEN b.id IS NULL THEN '{{}}'
            ELSE seen_consents(c.agency_id, p_case, b.consent_ids) END, 'key', p_key)
    FROM message m LEFT JOIN message b ON b.id = d.brought_by WHERE m.id = d.message_id
$$;
CREATE FUNCTION page_of(p_items jsonb[], p_next jsonb) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN jsonb_build_object('items', to_jsonb(p_items), 'next', p_next)::text;
CREATE FUNCTION list_disclosures(p_agency text, p_case uuid, p_referral uuid, p_of text,
    p_class text, p_after jsonb, p_limit integer, p_most integer)
RETURNS text LANGUAGE plpgsql STABLE {DEFINER} AS $$
DECLARE
    v_start constant jsonb := '["", 0, 0, "00000000-0000-0000-0000-000000000000"]';
    v_after_referral constant uuid := p_after ->> 0;
    v_after_number constant bigint := coalesce((p_after ->> 1)::bigint, 0);
    v_referral uuid; c copy; m message; d disclosure;
    v_begun boolean := p_after IS NULL;
    v_place jsonb; v_from text; v_at timestamptz; v_rank integer; v_id uuid;
    v_key jsonb;
    v_looked integer := 0;
    v_items jsonb[] := '{{}}';
BEGIN
    IF NOT EXISTS (SELECT FROM referral r JOIN party q ON q.referral_id = r.id
                   WHERE r.case_id = p_case AND q.agency_id = p_agency) THEN
        RETURN NULL;
    END IF;
    FOR v_referral IN SELECT id FROM referral WHERE case_id = p_case ORDER BY opened_at, id
    LOOP
        CONTINUE WHEN NOT v_begun AND v_referral <> v_after_referral;
        FOR c IN
            SELECT * FROM copy WHERE agency_id = p_agency AND referral_id = v_referral
                AND number >= CASE WHEN v_begun THEN 0 ELSE v_after_number END
            ORDER BY number LIMIT {MOST} + 1
        LOOP
            v_place := CASE WHEN NOT v_begun AND c.number = v_after_number
                THEN p_after - 0 - 0 ELSE v_start END;
            v_begun := true;
            v_key := jsonb_build_array(v_referral, c.number) || v_place;
            v_from := v_place ->> 0;
            v_at := to_timestamp(0) + (v_place ->> 1)::bigint * interval '1 microsecond';
            v_rank := v_place ->> 2;
            v_id := v_place ->> 3;
            v_looked := v_looked + 1;
            IF v_looked > p_most THEN RETURN page_of(v_items, v_key); END IF;
            SELECT * INTO m FROM message WHERE id = c.message_id;
            CONTINUE WHEN p_referral NOT IN (c.referral_id, m.referral_id);
            FOR d IN
                SELECT k.* FROM known_of(m, c, v_from, v_at, v_rank, v_id) AS k
                WHERE (k.agency_id, k.at, k.rank, k.id) > (v_from, v_at, v_rank, v_id)
                ORDER BY k.agency_id, k.at, k.rank, k.id
            LOOP
                v_looked := v_looked + 1;
                IF v_looked > p_most OR cardinality(v_items) = p_limit THEN
                    RETURN page_of(v_items, v_key);
                END IF;
                v_key := jsonb_build_array(v_referral, c.number, d.agency_id,
                    (extract(epoch FROM d.at) * 1000000)::bigint, d.rank, d.id);
                CONTINUE WHEN d.agency_id <> p_of
                    OR p_class IS NOT NULL AND (p_class = ANY (d.classes)) IS NOT TRUE;
                v_items := v_items || shown_disclosure(p_case, d, c, v_key);
            END LOOP;
        END LOOP;
        v_begun := true;
    END LOOP;
    RETURN page_of(v_items, NULL);
END $$;
"""

API = ["list_disclosures(text, uuid, uuid, text, text, jsonb, integer, integer)"]
INTERNAL = [
    "page_of(jsonb[], jsonb)",
    "shown_disclosure(uuid, disclosure, copy, jsonb)",
    "seen_consents(text, uuid, uuid[])",
    "known_of(message, copy, text, timestamptz, integer, uuid)",
    "openings_as_reader(message, copy, uuid, text, timestamptz, integer, uuid)",
    "openings_as_sender(text, message, text, timestamptz, integer, uuid)",
    "brought_by(message, copy)",
    "receipts_as_reader(message, copy, uuid)",
    "receipts_as_sender(message)",
    "receipts_of(text, text, message, boolean)",
    "has_classes(text[], message)",
]


def upgrade() -> None:
    """Make table, index and functions, and let an acceptance write down what it showed."""
    op.execute(TABLE)
    op.execute(SHOWN_BEFORE)
    _change("accept_rest(timestamptz, uuid, jsonb)", ERASED, SHOWN + ERASED)
    for script in (TYPE, RECEIPTS, OPENINGS, LIST):
        op.execute(script)
    _allow(API, "tsunagu_api")
    _allow(INTERNAL)


def downgrade() -> None:
    """Put the older function and index back, and take away what was made."""
    for function in [*API, *INTERNAL]:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TYPE disclosure")
    _change("accept_rest(timestamptz, uuid, jsonb)", SHOWN + ERASED, ERASED)
    op.execute(TABLE_BEFORE)


def _change(function: str, old: str, new: str) -> None:
    """Change a function as it stands now, whatever else has changed in it since it was made."""
    at = f"'{function}'::regprocedure"
    statement = op.get_bind().scalar(text(f"SELECT pg_get_functiondef({at})"))
    if statement.count(old) != 1:
        raise ValueError("the function is no longer what this migration changes")
    op.execute(statement.replace(old, new))


def _allow(functions: Iterable[str], *roles: str) -> None:
    for function in functions:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        for role in roles:
            op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")
