"""What a withdrawal does at once: tombstones, cancelled notices, requests to return or destroy.

All of it happens in the transaction of the message that withdraws, which holds the case: whoever
opens, prints or shares holds it too, so each is before the withdrawal or after it. Lock order:
case, notices, mailboxes by agency id, as everywhere.
"""

from collections.abc import Iterable

from alembic import op

from app.adapters.amendments import amend, restore

revision = "2026_11_23_19"
down_revision = "2026_11_23_18"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
INVOKER = "SECURITY INVOKER SET search_path = pg_catalog, public, pg_temp"
MOST_NAMED = 200
"""Messages that one request names when it is shown."""

TABLE = """
ALTER TABLE inbox_item ADD COLUMN withdrawn boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN inbox_item.withdrawn IS
    'Taken back with the consent and not by the sender: a new consent gives it again.';
CREATE INDEX ix_inbox_withdrawn ON inbox_item (agency_id, referral_id) WHERE withdrawn;
CREATE TABLE return_request (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    referral_id uuid NOT NULL REFERENCES referral,
    agency_id text NOT NULL,
    party text NOT NULL,
    consent_ids uuid[] NOT NULL,
    message_ids uuid[] NOT NULL,
    classes text[] NOT NULL,
    seen_by text[] NOT NULL,
    requested_at timestamptz NOT NULL,
    due_on date NOT NULL,
    is_open boolean NOT NULL DEFAULT true,
    told_at timestamptz,
    answered_at timestamptz,
    answered_by text,
    answer text,
    done_on date,
    legal_basis text,
    CONSTRAINT return_request_answered_check CHECK (is_open = (answered_at IS NULL)
        AND is_open = (answer IS NULL) AND is_open = (answered_by IS NULL)
        AND is_open = (done_on IS NULL))
);
COMMENT ON TABLE return_request IS
    'To an agency that was told on a consent which was withdrawn: return or destroy it.';
COMMENT ON COLUMN return_request.seen_by IS
    'Who follows the answer: whoever told it, and the withdrawer if it knew this agency.';
COMMENT ON COLUMN return_request.message_ids IS
    'Shown to the agency that had them, and to no other.';
CREATE INDEX ix_return_request_agency
    ON return_request (agency_id, (NOT is_open), due_on, id);
CREATE INDEX ix_return_request_case ON return_request (case_id, due_on, id);
CREATE INDEX ix_return_request_due ON return_request (due_on)
    WHERE is_open AND told_at IS NULL;
ALTER TABLE return_request ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON return_request FOR SELECT TO tsunagu_api
    USING (agency_id = (SELECT me()));
GRANT SELECT ON return_request TO tsunagu_api;
"""

# The classes that a withdrawal has just taken from an agency, as far as no other consent still
# gives them. That nothing is told while the referral is suspended is another matter.
LOSING = f"""
CREATE FUNCTION taken_before(c consent, p_items text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE {DEFINER} AS $$
    -- What is taken back is put behind what was taken back before.
    SELECT CASE WHEN c.withdrawn_on IS NOT NULL THEN c.withdrawn_items
        ELSE c.withdrawn_items[1:cardinality(c.withdrawn_items) - cardinality(p_items)] END
$$;
CREATE FUNCTION just_lost(p_agency text, p_referral uuid, p_by uuid, p_items text[], p_on date)
RETURNS text[] LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT array_agg(DISTINCT class)
    FROM consents_for(p_agency, p_referral) AS c
    CROSS JOIN unnest(taken_back(c, p_agency)) AS class
    WHERE c.withdrawn_by = p_by AND class <> 'C0' AND class <> ALL (taken_before(c, p_items))
        AND NOT taken_before(c, p_items)
            && ARRAY[p_agency, (SELECT kind FROM agency WHERE id = p_agency)]
        AND class NOT IN (
            SELECT given FROM consents_for(p_agency, p_referral) AS o
            CROSS JOIN unnest(o.classes) AS given
            WHERE o.withdrawn_on IS NULL AND o.valid_from <= p_on
                AND (o.valid_until IS NULL OR o.valid_until >= p_on)
                AND given <> ALL (taken_back(o, p_agency)))
$$;
CREATE FUNCTION copies_losing(p_agency text, p_referral uuid, p_lost text[])
RETURNS TABLE (message_id uuid, classes text[], wholly boolean)
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT c.message_id, ARRAY(SELECT unnest(s.classes) INTERSECT SELECT unnest(p_lost) ORDER BY 1),
        s.classes <@ p_lost
    FROM copy c CROSS JOIN LATERAL (SELECT array_agg(g.class) AS classes FROM segment g
        WHERE g.message_id = c.message_id AND g.class = ANY (c.classes) AND g.class <> 'C0') AS s
    WHERE c.agency_id = p_agency AND c.referral_id = p_referral AND NOT c.sent
        AND c.recalled_at IS NULL AND s.classes && p_lost
$$;
-- What an agency has of a message: all of it if it was printed or taken note of. What was asked
-- back and answered for it has no more, unless it was opened again.
CREATE FUNCTION answered_for(p_agency text, p_message uuid, p_class text, p_referral uuid)
RETURNS timestamptz LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT coalesce(max(x.answered_at), '-infinity')
    FROM referral r JOIN return_request x ON x.case_id = r.case_id
    WHERE r.id = p_referral AND x.agency_id = p_agency AND x.referral_id = p_referral
        AND p_message = ANY (x.message_ids) AND p_class = ANY (x.classes)
$$;
CREATE FUNCTION had_classes(p_agency text, p_message uuid, p_classes text[], p_referral uuid)
RETURNS text[] LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT ARRAY(
        SELECT c.class FROM (SELECT class, answered_for(p_agency, p_message, class, p_referral)
            AS since FROM unnest(p_classes) AS class) AS c
        WHERE EXISTS (SELECT FROM inbox_item i WHERE i.agency_id = p_agency
                AND i.message_id = p_message AND i.kind = 'message'
                AND (i.printed_at > c.since OR i.acknowledged_at > c.since))
            OR EXISTS (SELECT FROM log_entry e
                WHERE e.kind = 'disclosure' AND e.detail -> 'classes' <> '[]'
                    AND e.message_id = p_message AND e.agency_id = p_agency
                    AND e.at > c.since AND e.detail -> 'classes' ? c.class)
        ORDER BY c.class)
$$;
-- Whoever told it, or has that part now, and the withdrawer if it sees this agency among the
-- parties. A part that has ended hears no more of the referral.
CREATE FUNCTION following(p_party party, p_messages uuid[], p_by text) RETURNS text[]
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT coalesce(array_agg(DISTINCT w.agency_id ORDER BY w.agency_id), '{{}}') FROM (
        SELECT here.agency_id
        FROM unnest(p_messages) AS wanted (id) JOIN message m ON m.id = wanted.id
        LEFT JOIN shown s ON s.shown_id = m.id AND s.agency_id = p_party.agency_id
            AND m.referral_id <> p_party.referral_id
        LEFT JOIN message o ON o.id = s.message_id AND o.referral_id = p_party.referral_id
        JOIN party told ON told.referral_id = p_party.referral_id AND told.agency_id = CASE
            WHEN m.referral_id = p_party.referral_id THEN coalesce(m.caller_agency, m.from_agency)
            ELSE coalesce(o.caller_agency, o.from_agency) END
        JOIN party here ON here.referral_id = told.referral_id AND here.name = told.name
            AND here.until IS NULL
        UNION ALL
        SELECT q.agency_id FROM party q WHERE q.referral_id = p_party.referral_id
            AND q.agency_id = p_by AND q.until IS NULL AND q.view -> 'parties'
                @> jsonb_build_array(jsonb_build_object('agency_id', p_party.agency_id))
    ) AS w WHERE w.agency_id <> p_party.agency_id
$$;
CREATE FUNCTION return_entry(x return_request, p_kind text, p_reader text, p_detail jsonb)
RETURNS jsonb LANGUAGE sql VOLATILE {DEFINER} AS $$
    SELECT jsonb_build_object('id', gen_random_uuid(), 'kind', p_kind, 'case_id', x.case_id,
        'referral_id', x.referral_id, 'agencies', jsonb_build_array(p_reader),
        'detail', p_detail || jsonb_build_object('return_request', x.id)
            || CASE WHEN p_reader <> x.agency_id
               THEN jsonb_build_object('recipient', x.agency_id) ELSE '{{}}' END)
$$;
CREATE FUNCTION hold_mailboxes(p_referrals uuid[], p_items jsonb) RETURNS void
LANGUAGE sql VOLATILE {DEFINER} AS $$
    SELECT FROM mailbox WHERE agency_id IN (
        SELECT q.agency_id FROM party q WHERE q.referral_id = ANY (p_referrals)
        UNION SELECT i ->> 'agency_id' FROM jsonb_array_elements(p_items) AS i
    ) ORDER BY agency_id FOR UPDATE
$$;
"""

# Notices first, then the mailboxes, and only then a look at what was taken note of: that can
# change until the mailbox is held.
WITHDRAW = f"""
CREATE FUNCTION withdraw_copies(p_at timestamptz, p_case uuid, p jsonb) RETURNS void
LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
    w constant jsonb := p -> 'withdrawn';
    v_by constant uuid := (w ->> 'by')::uuid;
    v_referrals constant uuid[] := ARRAY(
        SELECT jsonb_array_elements_text(w -> 'referrals')::uuid ORDER BY 1);
    v_referral uuid; q party; v_lost text[]; v_message uuid;
    v_parties party[] := '{{}}'; v_losses jsonb := '[]'; v_items jsonb := '[]';
BEGIN
    FOREACH v_referral IN ARRAY v_referrals LOOP
        FOR q IN SELECT * FROM party WHERE referral_id = v_referral AND by_consent
            ORDER BY agency_id
        LOOP
            v_lost := just_lost(q.agency_id, v_referral, v_by,
                ARRAY(SELECT jsonb_array_elements_text(w -> 'items')), (w ->> 'today')::date);
            CONTINUE WHEN v_lost IS NULL;
            v_parties := v_parties || q;
            v_losses := v_losses || jsonb_build_array(to_jsonb(v_lost));
            CONTINUE WHEN q.until IS NOT NULL;
            FOR v_message IN SELECT message_id
                FROM copies_losing(q.agency_id, v_referral, v_lost) WHERE wholly ORDER BY 1
            LOOP
                PERFORM cancel_notices(q.agency_id, v_message, 'consent_withdrawn', p_at);
            END LOOP;
        END LOOP;
    END LOOP;
    IF cardinality(v_parties) = 0 THEN RETURN; END IF;
    PERFORM hold_mailboxes(v_referrals, p -> 'items');
    FOR n IN 1 .. cardinality(v_parties) LOOP
        v_items := v_items || take_back(p_at, p_case, v_parties[n],
            ARRAY(SELECT jsonb_array_elements_text(v_losses -> (n - 1))), w);
    END LOOP;
    IF jsonb_array_length(v_items) > 0 THEN PERFORM deliver(p_at, v_items); END IF;
END $$;
-- Of one party: what it has not opened becomes a tombstone, what it had is asked back. Answers
-- the inbox items that follow.
CREATE FUNCTION take_back(p_at timestamptz, p_case uuid, p_party party, p_lost text[], w jsonb)
RETURNS jsonb LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
    v record; v_had text[];
    v_messages uuid[] := '{{}}'; v_classes text[] := '{{}}'; v_stones integer := 0;
BEGIN
    FOR v IN SELECT * FROM copies_losing(p_party.agency_id, p_party.referral_id, p_lost)
    LOOP
        v_had := had_classes(p_party.agency_id, v.message_id, v.classes,
            p_party.referral_id);
        IF v_had <> '{{}}' THEN
            v_messages := v_messages || v.message_id;
            v_classes := v_classes || v_had;
        ELSIF v.wholly AND p_party.until IS NULL THEN
            UPDATE inbox_item SET recalled_at = p_at, withdrawn = true
            WHERE agency_id = p_party.agency_id AND message_id = v.message_id
                AND kind = 'message' AND recalled_at IS NULL AND opened_at IS NULL
                AND acknowledged_at IS NULL AND printed_at IS NULL;
            IF FOUND THEN v_stones := v_stones + 1; END IF;
        END IF;
    END LOOP;
    UPDATE mailbox SET opened = opened + v_stones
    WHERE agency_id = p_party.agency_id AND v_stones > 0;
    IF v_messages = '{{}}' THEN RETURN '[]'; END IF;
    RETURN ask_back(p_at, p_case, p_party, v_messages,
        ARRAY(SELECT DISTINCT unnest(v_classes) ORDER BY 1), w);
END $$;
CREATE FUNCTION ask_back(p_at timestamptz, p_case uuid, p_party party, p_messages uuid[],
    p_classes text[], w jsonb)
RETURNS jsonb LANGUAGE plpgsql {DEFINER} AS $$
DECLARE x return_request; v_item jsonb; v_detail jsonb;
BEGIN
    INSERT INTO return_request (id, case_id, referral_id, agency_id, party, consent_ids,
        message_ids, classes, seen_by, requested_at, due_on)
    VALUES (gen_random_uuid(), p_case, p_party.referral_id, p_party.agency_id, p_party.name,
        ARRAY(SELECT c.id FROM consents_for(p_party.agency_id, p_party.referral_id) AS c
            WHERE c.withdrawn_by = (w ->> 'by')::uuid ORDER BY c.id),
        p_messages, p_classes, following(p_party, p_messages, w ->> 'agency_id'), p_at,
        (w ->> 'due_on')::date)
    RETURNING * INTO x;
    v_detail := jsonb_build_object('due_on', x.due_on);
    PERFORM write_log(p_at, jsonb_build_array(return_entry(x, 'return_request', x.agency_id,
        v_detail || jsonb_build_object('classes', x.classes))) || coalesce((
        SELECT jsonb_agg(return_entry(x, 'return_request', s, v_detail))
        FROM unnest(x.seen_by) AS s), '[]'));
    v_item := jsonb_build_object('kind', 'consent.return_or_destroy',
        'type', 'consent.return_or_destroy', 'urgency', 'urgent', 'referral_id', x.referral_id);
    RETURN return_items(x, v_item, true);
END $$;
-- To the agency itself if it takes part here; otherwise, and where they are to hear of it, to
-- those who follow the answer.
CREATE FUNCTION return_items(x return_request, p_item jsonb, p_only_if_absent boolean)
RETURNS jsonb LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT coalesce(jsonb_agg(told.item), '[]') FROM agency a CROSS JOIN LATERAL (
        SELECT p_item || jsonb_build_object('agency_id', a.id) AS item WHERE a.connected
        UNION ALL
        SELECT p_item || jsonb_build_object('agency_id', s, 'from_party', x.party,
            'from_agency', x.agency_id)
        FROM unnest(x.seen_by) AS s JOIN agency b ON b.id = s
        WHERE b.connected AND NOT (a.connected AND p_only_if_absent)) AS told
    WHERE a.id = x.agency_id
$$;
-- A new consent gives again what was taken back unopened, as far as it covers.
CREATE FUNCTION give_again(p jsonb) RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
    v_referrals constant uuid[] := ARRAY(
        SELECT jsonb_array_elements_text(p #> '{{consent,referrals}}')::uuid ORDER BY 1);
    v_referral uuid; q party; i inbox_item; v_now text[]; v_held boolean := false;
BEGIN
    FOREACH v_referral IN ARRAY v_referrals LOOP
        FOR q IN SELECT * FROM party
            WHERE referral_id = v_referral AND by_consent AND until IS NULL
        LOOP
            FOR i IN SELECT * FROM inbox_item
                WHERE agency_id = q.agency_id AND referral_id = v_referral AND withdrawn
            LOOP
                IF NOT v_held THEN
                    PERFORM hold_mailboxes(v_referrals, p -> 'items');
                    v_held := true;
                END IF;
                v_now := covered(q.agency_id, v_referral, (p #>> '{{consent,today}}')::date);
                CONTINUE WHEN NOT EXISTS (SELECT FROM copies_losing(q.agency_id, v_referral,
                    array_remove(v_now, 'C0')) AS c WHERE c.message_id = i.message_id);
                UPDATE inbox_item SET recalled_at = NULL, withdrawn = false
                WHERE agency_id = i.agency_id AND position = i.position
                RETURNING * INTO i;
                UPDATE mailbox SET opened = opened - 1
                WHERE agency_id = i.agency_id AND i.acknowledged_at IS NULL;
            END LOOP;
        END LOOP;
    END LOOP;
END $$;
"""

ANSWER = f"""
CREATE FUNCTION may_answer(x return_request, p_agency text) RETURNS boolean
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT x.agency_id = p_agency OR p_agency = ANY (x.seen_by)
        AND NOT (SELECT a.connected FROM agency a WHERE a.id = x.agency_id)
$$;
CREATE FUNCTION answer_return(p jsonb) RETURNS jsonb LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    x return_request; v_items jsonb; v_detail jsonb;
BEGIN
    SELECT * INTO x FROM return_request WHERE id = (p ->> 'id')::uuid FOR UPDATE;
    IF NOT FOUND OR NOT may_answer(x, p ->> 'agency_id') THEN RETURN NULL; END IF;
    IF x.is_open THEN
        UPDATE return_request SET is_open = false, answered_at = v_at,
            answered_by = p ->> 'seat_id', answer = p ->> 'answer',
            done_on = (p ->> 'on')::date, legal_basis = p ->> 'legal_basis'
        WHERE id = x.id RETURNING * INTO x;
        v_detail := jsonb_build_object('answer', x.answer);
        PERFORM write_log(v_at, (
            SELECT jsonb_agg(return_entry(x, 'return_answer', s, v_detail)
                || jsonb_build_object('agency_id', p -> 'agency_id', 'seat_id', p -> 'seat_id',
                    'client_id', CASE WHEN s = p ->> 'agency_id' THEN p -> 'client_id' END))
            FROM unnest(x.seen_by || x.agency_id) AS s));
        SELECT coalesce(jsonb_agg(i), '[]') INTO v_items
        FROM jsonb_array_elements(return_items(x, jsonb_build_object(
            'kind', 'consent.return_answered', 'type', 'consent.return_answered',
            'urgency', 'normal', 'referral_id', x.referral_id), false)) AS i
        WHERE i ->> 'agency_id' NOT IN (x.agency_id, p ->> 'agency_id');
        IF jsonb_array_length(v_items) > 0 THEN PERFORM deliver(v_at, v_items); END IF;
    END IF;
    RETURN shown_return(x, p ->> 'agency_id') || jsonb_build_object('conflict',
        x.answer <> p ->> 'answer' OR x.done_on <> (p ->> 'on')::date
        OR x.legal_basis IS DISTINCT FROM p ->> 'legal_basis');
END $$;
CREATE FUNCTION tell_returns(p_at timestamptz, p_today date, p_most integer) RETURNS jsonb
LANGUAGE plpgsql {DEFINER} AS $$
DECLARE x return_request; v_items jsonb := '[]'; v_count integer := 0;
BEGIN
    FOR x IN
        SELECT * FROM return_request WHERE is_open AND told_at IS NULL AND due_on < p_today
        ORDER BY due_on LIMIT p_most FOR UPDATE SKIP LOCKED
    LOOP
        v_count := v_count + 1;
        UPDATE return_request SET told_at = p_at WHERE id = x.id;
        v_items := v_items || return_items(x, jsonb_build_object(
            'kind', 'consent.return_overdue', 'type', 'consent.return_overdue',
            'urgency', 'urgent', 'referral_id', x.referral_id), false);
    END LOOP;
    IF jsonb_array_length(v_items) > 0 THEN PERFORM deliver(p_at, v_items); END IF;
    RETURN jsonb_build_object('looked_at', v_count, 'agencies', (
        SELECT coalesce(jsonb_agg(DISTINCT i ->> 'agency_id'), '[]')
        FROM jsonb_array_elements(v_items) AS i));
END $$;
-- Which messages and classes it had is for the agency itself to know: others would learn of what
-- passed between agencies of which they know nothing.
CREATE FUNCTION shown_return(x return_request, p_agency text) RETURNS jsonb
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT to_jsonb(x) - ARRAY['seen_by', 'told_at', 'message_ids', 'classes', 'consent_ids']
        || CASE WHEN x.agency_id = p_agency THEN jsonb_build_object('classes', x.classes,
            'consent_ids', x.consent_ids, 'message_ids', x.message_ids[1:{MOST_NAMED}],
            'messages', cardinality(x.message_ids)) ELSE '{{}}' END
$$;
CREATE FUNCTION list_returns(p_agency text, p_done boolean, p_due date, p_id uuid,
    p_limit integer)
RETURNS jsonb LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(shown_return(o, p_agency)
        ORDER BY NOT o.is_open, o.due_on, o.id), '[]')
    FROM (SELECT x.* FROM return_request x WHERE x.agency_id = p_agency
        AND (p_id IS NULL OR (NOT x.is_open, x.due_on, x.id) > (p_done, p_due, p_id))
        ORDER BY NOT x.is_open, x.due_on, x.id LIMIT p_limit) AS o);
END $$;
CREATE FUNCTION list_case_returns(p_agency text, p_case uuid, p_due date, p_id uuid,
    p_limit integer)
RETURNS jsonb LANGUAGE plpgsql STABLE {DEFINER} AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM referral r JOIN party q ON q.referral_id = r.id
                   WHERE r.case_id = p_case AND q.agency_id = p_agency) THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT coalesce(jsonb_agg(shown_return(o, p_agency) ORDER BY o.due_on, o.id), '[]')
    FROM (SELECT x.* FROM return_request x WHERE x.case_id = p_case
        AND (x.agency_id = p_agency OR p_agency = ANY (x.seen_by))
        AND (p_id IS NULL OR (x.due_on, x.id) > (p_due, p_id))
        ORDER BY x.due_on, x.id LIMIT p_limit) AS o);
END $$;
"""

UNOPENED = "i.agency_id = v_agency AND i.opened_at IS NULL"
CHANGES = {
    "accept_rest(timestamptz, uuid, jsonb)": (
        (
            "classes text[], valid_from date, valid_until date);",
            "classes text[], valid_from date, valid_until date);\n        PERFORM give_again(p);",
        ),
        (
            "jsonb_array_elements_text(p #> '{withdrawn,ids}') AS i\n        );",
            "jsonb_array_elements_text(p #> '{withdrawn,ids}') AS i\n        );\n"
            "        PERFORM withdraw_copies(p_at, p_case, p);",
        ),
    ),
    "disclose(jsonb)": (
        (
            f"PERFORM FROM inbox_item i WHERE {UNOPENED}",
            f"PERFORM FROM inbox_item i WHERE {UNOPENED} AND NOT i.withdrawn",
        ),
        (
            f"UPDATE inbox_item i SET opened_at = v_at\n            WHERE {UNOPENED}",
            "UPDATE inbox_item i SET opened_at = v_at\n"
            f"            WHERE NOT i.withdrawn AND {UNOPENED}",
        ),
    ),
    "write_recall(jsonb)": (
        (
            "RETURNING opened_at IS NULL AND acknowledged_at IS NULL INTO v_unopened;",
            "RETURNING opened_at IS NULL AND acknowledged_at IS NULL AND NOT withdrawn"
            " INTO v_unopened;\n"
            "        UPDATE inbox_item SET withdrawn = false WHERE agency_id = v_agency\n"
            "            AND message_id = v_message AND kind = 'message' AND withdrawn;",
        ),
    ),
    "claim_notices(timestamptz, timestamptz, date, integer, integer, uuid[], integer[])": (
        (
            "CASE WHEN i.recalled_at IS NOT NULL THEN 'recalled'",
            "CASE WHEN i.withdrawn THEN 'consent_withdrawn'\n"
            "            WHEN i.recalled_at IS NOT NULL THEN 'recalled'",
        ),
    ),
    "deliveries_of(uuid, text, text[])": (
        (
            "'recall_reason', x.reason,",
            "'recall_reason', CASE WHEN i.withdrawn THEN 'consent_withdrawn' ELSE x.reason END,",
        ),
    ),
}

# Paper is told as bodies are: by consent as it stands on the day.
PAPER = f"""
DROP FUNCTION paper_copies(text, uuid);
CREATE FUNCTION paper_copies(p_agency text, p_message uuid, p_on date) RETURNS jsonb
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT coalesce(jsonb_object_agg(y.agency_id, CASE WHEN q.by_consent
        THEN ARRAY(SELECT unnest(y.classes) INTERSECT
            SELECT unnest(ARRAY['C0'] || covered(y.agency_id, y.referral_id, p_on)) ORDER BY 1)
        ELSE y.classes END), '{{}}')
    FROM copy y JOIN agency a ON a.id = y.agency_id
    JOIN party q ON q.referral_id = y.referral_id AND q.agency_id = y.agency_id
    WHERE y.message_id = p_message AND NOT y.sent AND NOT a.connected
        AND EXISTS (SELECT FROM copy o WHERE o.message_id = p_message AND o.agency_id = p_agency)
$$;
"""
PAPER_BEFORE = f"""
DROP FUNCTION paper_copies(text, uuid, date);
CREATE FUNCTION paper_copies(p_agency text, p_message uuid) RETURNS jsonb
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT coalesce(jsonb_object_agg(y.agency_id, y.classes), '{{}}')
    FROM copy y JOIN agency a ON a.id = y.agency_id
    WHERE y.message_id = p_message AND NOT y.sent AND NOT a.connected
        AND EXISTS (SELECT FROM copy o WHERE o.message_id = p_message AND o.agency_id = p_agency)
$$;
"""

API = [
    "answer_return(jsonb)",
    "shown_return(return_request, text)",
    "list_returns(text, boolean, date, uuid, integer)",
    "list_case_returns(text, uuid, date, uuid, integer)",
]
FOR_WORKER = ["tell_returns(timestamptz, date, integer)"]
INTERNAL = [
    "just_lost(text, uuid, uuid, text[], date)",
    "taken_before(consent, text[])",
    "copies_losing(text, uuid, text[])",
    "had_classes(text, uuid, text[], uuid)",
    "answered_for(text, uuid, text, uuid)",
    "following(party, uuid[], text)",
    "return_entry(return_request, text, text, jsonb)",
    "hold_mailboxes(uuid[], jsonb)",
    "withdraw_copies(timestamptz, uuid, jsonb)",
    "take_back(timestamptz, uuid, party, text[], jsonb)",
    "ask_back(timestamptz, uuid, party, uuid[], text[], jsonb)",
    "return_items(return_request, jsonb, boolean)",
    "give_again(jsonb)",
    "may_answer(return_request, text)",
]


def upgrade() -> None:
    """Make table and functions, and let the older functions know of withdrawals."""
    op.execute(TABLE)
    for script in (LOSING, WITHDRAW, ANSWER, PAPER):
        op.execute(script)
    amend(op.get_bind(), CHANGES)
    _allow([*API, "paper_copies(text, uuid, date)"], "tsunagu_api")
    _allow(FOR_WORKER, "tsunagu_worker")
    _allow(INTERNAL)


def downgrade() -> None:
    """Put the older functions back, and take away what was made."""
    restore(op.get_bind(), CHANGES)
    op.execute(PAPER_BEFORE)
    _allow(["paper_copies(text, uuid)"], "tsunagu_api")
    for function in [*API, *FOR_WORKER, *INTERNAL]:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TABLE return_request; ALTER TABLE inbox_item DROP COLUMN withdrawn")


def _allow(functions: Iterable[str], *roles: str) -> None:
    for function in functions:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        for role in roles:
            op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")
