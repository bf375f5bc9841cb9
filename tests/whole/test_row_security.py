"""Plain SELECTs as the API's role: each agency sees its own, and by default nobody anything."""

import json
import re
from uuid import uuid4

import asyncpg
import pytest

from app.adapters.acts.acts import Acts, Proposal
from app.adapters.inbox.bell import Bell
from app.domain.classes import DataClass
from app.domain.deliveries.recall import RecallReason
from app.domain.flows import FLOWS
from app.domain.messages.facts import FACTS
from app.domain.messages.message import Message
from app.main import EFFECTS
from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.support.play import PRISON, PROBATION, TO_ASSESSING

PROSECUTOR = "prosecutor-13"

PUBLIC = {"agency", "jurisdiction", "directory_version", "deadline_kind"}
"""The directory and a rule, which every agency may read."""

NOTHING = {
    "assertion_seen",
    "log_pending",
    "log_tree",
    "attempt_total",
    "webhook_call",
    "shown",
    "master_unused",
    "token_clock",
    "token_stop",
    "revoked_token",
    "secret_failure",
    "secret_success",
    "lockout",
    "retention",
    "held_key",
    "erasure_total",
    "overwriting",
    "master_retirement",
    "consent",
    "purpose_flow",
    "returned_term",
    "service_clock",
    "day_count",
}

# table: the rows that are $1's own, as the owner of the tables finds them
OWN = {
    "seat": "SELECT id::text FROM seat WHERE agency_id = $1",
    "client": "SELECT id::text FROM client WHERE agency_id = $1",
    "client_seat": "SELECT client_id || seat_id FROM client_seat"
    " JOIN client ON client.id = client_id WHERE agency_id = $1",
    "party": "SELECT referral_id || agency_id FROM party WHERE agency_id = $1",
    "copy": "SELECT message_id || agency_id FROM copy WHERE agency_id = $1",
    "mailbox": "SELECT agency_id FROM mailbox WHERE agency_id = $1",
    "inbox_item": "SELECT agency_id || position FROM inbox_item WHERE agency_id = $1",
    "referral_change": "SELECT agency_id || number FROM referral_change WHERE agency_id = $1",
    "deadline": "SELECT referral_id || agency_id || kind FROM deadline WHERE agency_id = $1",
    "settlement": "SELECT id::text FROM settlement WHERE center_id = $1",
    "referral": "SELECT referral_id::text FROM party WHERE agency_id = $1"
    " UNION SELECT message_referral_id::text FROM copy WHERE agency_id = $1",
    '"case"': "SELECT case_id::text FROM referral r JOIN party p ON p.referral_id = r.id"
    " WHERE p.agency_id = $1",
    "message": "SELECT message_id::text FROM copy WHERE agency_id = $1",
    "segment": "SELECT s.message_id || s.class FROM segment s JOIN copy c USING (message_id)"
    " WHERE c.agency_id = $1 AND s.class = ANY (c.classes)"
    " AND (c.recalled_at IS NULL OR s.class = ANY (c.kept))",
    "referral_key": "SELECT k.referral_id || k.class FROM referral_key k"
    " JOIN party p USING (referral_id) WHERE p.agency_id = $1 AND p.until IS NULL"
    " AND k.class IN (SELECT unnest(CASE WHEN c.recalled_at IS NULL THEN classes ELSE kept END)"
    "                 FROM copy c"
    "                 WHERE c.agency_id = $1 AND c.message_referral_id = k.referral_id)",
    "delivery_term": "SELECT message_id::text FROM delivery_term WHERE sender = $1",
    "recall": "SELECT id::text FROM recall WHERE recipient_agency = $1"
    " UNION SELECT id::text FROM recall WHERE sender_agency = $1 AND (named OR disclosed)",
    "recall_request": "SELECT id::text FROM recall_request"
    " WHERE $1 IN (sender_agency, recipient_agency)",
    "log_entry": "SELECT id::text FROM log_entry WHERE $1 = ANY (agencies)",
    "log_leaf": "SELECT index::text FROM log_leaf",
    "act": "SELECT id::text FROM act WHERE agency_id = $1",
    "legal_hold": "SELECT id::text FROM legal_hold WHERE agency_id = $1",
    "erasure_request": "SELECT id::text FROM erasure_request WHERE agency_id = $1"
    " UNION SELECT request_id::text FROM erasure_answer WHERE agency_id = $1",
    "erasure_answer": "SELECT request_id || agency_id FROM erasure_answer WHERE agency_id = $1",
    "log_node": "SELECT level || '/' || number FROM log_node",
    "log_checkpoint": "SELECT size::text FROM log_checkpoint",
    "log_reader": "SELECT index::text FROM log_reader WHERE agency_id = $1",
    "return_request": "SELECT id::text FROM return_request WHERE agency_id = $1",
    "erasure": "SELECT e.referral_id || e.class FROM erasure e WHERE EXISTS (SELECT FROM copy c"
    " JOIN segment s ON s.message_id = c.message_id AND s.class = ANY (c.classes)"
    " WHERE c.agency_id = $1 AND c.message_referral_id = e.referral_id AND s.class = e.class)",
    "webhook": "SELECT id::text FROM webhook WHERE agency_id = $1",
    "notice": "SELECT id::text FROM notice WHERE agency_id = $1",
    "attempt": "SELECT notice_id || '' || number FROM attempt WHERE agency_id = $1",
}
# table: what identifies a row, in the columns that the API's role may read
SHOWN = {
    "client_seat": "client_id || seat_id",
    "party": "referral_id || agency_id",
    "copy": "message_id || agency_id",
    "mailbox": "agency_id",
    "inbox_item": "agency_id || position",
    "referral_change": "agency_id || number",
    "deadline": "referral_id || agency_id || kind",
    "delivery_term": "message_id::text",
    "returned_term": "message_id || agency_id",
    "segment": "message_id || class",
    "referral_key": "referral_id || class",
    "consent": "case_id || '' || id",
    "log_leaf": "index::text",
    "log_node": "level || '/' || number",
    "log_checkpoint": "size::text",
    "log_reader": "index::text",
    "assertion_seen": "client_id",
    "log_pending": "entry_id::text",
    "log_tree": "size::text",
    "attempt": "notice_id || '' || number",
    "attempt_total": "outcome",
    "erasure": "referral_id || class",
    "retention": "referral_id || rule",
    "held_key": "referral_id || class",
    "erasure_total": "rule",
    "erasure_answer": "request_id || agency_id",
    "overwriting": "singleton::text",
    "shown": "shown_id::text",
    "master_unused": "version::text",
    "master_retirement": "version::text",
    "token_clock": "stops::text",
    "revoked_token": "jti::text",
    "secret_failure": "encode(key, 'hex')",
    "secret_success": "encode(key, 'hex')",
    "lockout": "client_id",
    "purpose_flow": "purpose",
    "webhook_call": "id::text",
    "service_clock": "singleton::text",
    "day_count": "agency_id || kind || other",
}


@pytest.fixture(scope="module")
async def busy(office: Office) -> Office:
    """An office with seats, clients and traffic in two prefectures."""
    for two, prison in (("13", "prison-fuchu"), ("27", "prison-osaka")):
        await office.owner.execute(
            "INSERT INTO seat VALUES ($1 || '.decider', $1, '所長', 'decider', '{C0}', now())",
            f"probation-{two}",
        )
        await office.owner.execute(
            "INSERT INTO client VALUES ($1 || '.s', $1, 'system', 'hash', NULL, now())",
            f"probation-{two}",
        )
        await office.owner.execute(
            "INSERT INTO client_seat VALUES ($1 || '.s', $1 || '.decider', 1)", f"probation-{two}"
        )
        await office.owner.execute(
            "INSERT INTO webhook (id, agency_id, client_id, seat_id, url, state, created_at,"
            " changed_at) VALUES (gen_random_uuid(), $1, $1 || '.s', $1 || '.decider',"
            " 'https://receiver.test/', 'active', now(), now())",
            f"probation-{two}",
        )
        opening = saying(
            "special_adjustment.notify_candidate", to={"probation_office": f"probation-{two}"}
        )
        await office.exchange.accept(opening, seat(prison))
        consent = saying("special_adjustment.record_consent", opening.id)
        await office.exchange.accept(consent, seat(f"probation-{two}"))
        start = saying("special_adjustment.start_selection", opening.id)
        await office.exchange.accept(start, seat(f"probation-{two}"))
        reason = RecallReason.WRONG_CONTENT
        await office.recalls.recall(seat(f"probation-{two}"), opening.id, start.id, reason, None)
        another = saying(
            "special_adjustment.notify_candidate", to={"probation_office": f"probation-{two}"}
        )
        await office.exchange.accept(another, seat(prison))
        await office.reading.open(seat(f"probation-{two}"), [another.id])
        await office.recalls.recall(seat(prison), another.id, another.id, reason, None)
        erasing = Proposal(uuid4(), "erase", str(another.id), {"reason": "mistaken_entry"})
        acts = Acts(office.pool, office.clock, Bell(office.pool, office.urls.api), EFFECTS)
        await acts.propose(seat(f"probation-{two}", "records_officer"), erasing)
        await acts.approve(seat(f"probation-{two}"), erasing.id)
    await office.owner.execute(
        "INSERT INTO attempt SELECT id, 1, webhook_id, agency_id, now(), 'delivered' FROM notice"
        " ON CONFLICT DO NOTHING"
    )
    while await office.sealer.seal():
        pass
    return office


async def tables(owner: asyncpg.Pool) -> list[str]:
    """Every table of ours, as it is written in SQL."""
    rows = await owner.fetch(
        "SELECT quote_ident(relname) AS name FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND relname <> 'alembic_version'"
    )
    return [row["name"] for row in rows]


async def visible_ids(office: Office, table: str, agency: str | None) -> set[str]:
    """What a plain SELECT gives to an agency."""
    key = SHOWN.get(table, "id::text")
    async with office.pool.acquire() as connection, connection.transaction():
        if agency is not None:
            await connection.execute("SELECT set_config('app.agency', $1, true)", agency)
        rows = await connection.fetch(f"SELECT {key} AS key FROM {table}")  # noqa: S608 - our names
    return {row["key"] for row in rows}


async def test_every_table_has_row_security_and_is_in_this_test(busy: Office) -> None:
    without = await busy.owner.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind = 'r' AND NOT relrowsecurity AND relname <> 'alembic_version'"
    )
    assert without == []
    assert set(await tables(busy.owner)) == {*OWN, *PUBLIC, *NOTHING}


@pytest.mark.parametrize(
    "agency", ["prison-fuchu", "probation-13", "probation-27", "center-13", "prosecutor-13"]
)
async def test_an_agency_sees_its_own_rows_of_every_table_and_no_others(
    busy: Office, agency: str
) -> None:
    for table, own in OWN.items():
        expected = {
            row[0] for row in await busy.owner.fetch(own, *([agency] if "$1" in own else []))
        }
        assert await visible_ids(busy, table, agency) == expected, table
    for table in NOTHING:
        assert await visible_ids(busy, table, agency) == set(), table


async def test_the_traffic_of_this_test_is_there_to_be_seen(busy: Office) -> None:
    shown = ("message", "segment", "referral_key", "inbox_item", "log_entry", "recall")
    for table in (
        *shown,
        "delivery_term",
        "webhook",
        "notice",
        "attempt",
        "erasure_request",
    ):
        assert await visible_ids(busy, table, "probation-13"), table
    assert await visible_ids(busy, "erasure_answer", "prison-fuchu")


async def test_whoever_does_not_say_who_they_are_sees_nothing(busy: Office) -> None:
    for table in (*OWN, *NOTHING):
        assert await visible_ids(busy, table, None) == set(), table


@pytest.mark.parametrize(
    "agency", ["prison-fuchu", "probation-13", "probation-27", "center-13", "prosecutor-13"]
)
async def test_a_page_of_messages_holds_what_row_security_shows_and_nothing_else(
    busy: Office, agency: str
) -> None:
    """`read_messages` runs as the owner, and asks for the reader's copy itself."""
    every = [row["id"] for row in await busy.owner.fetch("SELECT id FROM message")]
    async with busy.pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(
            "SELECT * FROM read_messages($1, $2, current_date)", agency, every
        )
    segments, keys, messages = set[str](), set[str](), set[str]()
    for row in rows:
        meta = json.loads(row["meta"])
        messages.add(meta["id"])
        segments |= {meta["id"] + name for name in row["classes"] or ()}
        keys |= {meta["referral_id"] + name for name in row["key_classes"] or ()}
    assert messages == await visible_ids(busy, "message", agency)
    assert segments == await visible_ids(busy, "segment", agency)
    assert keys == await visible_ids(busy, "referral_key", agency)
    assert bool(messages) == (agency in {"prison-fuchu", "probation-13", "probation-27"})


async def test_a_page_of_messages_holds_no_keys_once_the_part_of_its_reader_has_ended(
    busy: Office,
) -> None:
    opening = saying("special_adjustment.notify_candidate")
    await busy.exchange.accept(opening, seat(PRISON))
    query = "SELECT classes, key_classes FROM read_messages($1, $2, current_date)"
    ends = "UPDATE party SET until = $3 WHERE referral_id = $1 AND agency_id = $2"
    before = await busy.pool.fetchrow(query, PRISON, [opening.id])
    await busy.owner.execute(ends, opening.id, PRISON, busy.clock.now)
    after = await busy.pool.fetchrow(query, PRISON, [opening.id])
    await busy.owner.execute(ends, opening.id, PRISON, None)
    assert before is not None
    assert after is not None
    assert set(before["key_classes"]) == set(before["classes"])
    assert after["key_classes"] is None


async def test_a_page_of_messages_tells_no_correction_that_the_reader_does_not_have(
    busy: Office,
) -> None:
    first = saying("special_adjustment.notify_candidate")
    await busy.exchange.accept(first, seat(PRISON))
    second = saying("special_adjustment.notify_candidate", first.id, corrects=first.id)
    await busy.exchange.accept(second, seat(PRISON))
    moved = "UPDATE copy SET agency_id = $3 WHERE message_id = $1 AND agency_id = $2"
    await busy.owner.execute(moved, second.id, PROBATION, "probation-27")
    corrected = {
        agency: [
            json.loads(row["meta"])["corrected_by"]
            for row in await busy.pool.fetch(
                "SELECT * FROM read_messages($1, $2, current_date)", agency, [first.id]
            )
        ]
        for agency in (PRISON, PROBATION)
    }
    await busy.owner.execute(moved, second.id, "probation-27", PROBATION)
    assert corrected == {PRISON: [str(second.id)], PROBATION: [None]}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT state FROM referral",
        "SELECT facts FROM referral",
        'SELECT version FROM "case"',
        "SELECT secret_hash FROM client",
        "SELECT mac FROM message",
        "SELECT entry_id FROM log_leaf",
        "SELECT secret FROM webhook",
    ],
)
async def test_a_column_that_tells_of_others_is_not_readable_at_all(
    busy: Office, query: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await busy.pool.fetch(query)


@pytest.mark.parametrize("verb", ["INSERT INTO {} DEFAULT VALUES", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_api_writes_no_table_by_itself(busy: Office, verb: str) -> None:
    for table in await tables(busy.owner):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await busy.pool.execute(verb.format(table))


@pytest.mark.parametrize("table", ["message", "segment", "log_entry", "log_leaf", "recall"])
@pytest.mark.parametrize("verb", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_even_the_owner_cannot_take_back_what_was_written(
    busy: Office, table: str, verb: str
) -> None:
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await busy.owner.execute(verb.format(table))


IN_CLEAR = {"deadline": "days for the worker", "settlement": "counts without a referral"}
"""Where values of facts of C1 to C8 stand in clear, as the page on security says."""


async def test_a_dump_holds_no_code_and_no_day_of_a_fact_in_clear(busy: Office) -> None:
    sent: list[Message] = []

    async def send(agency_id: str, message: Message) -> Message:
        await busy.exchange.accept(message, seat(agency_id))
        sent.append(message)
        return message

    days = {"sentence_end_date": "2027-08-19"}
    opening = await send(PRISON, saying("special_adjustment.notify_candidate", changes=days))
    for agency_id, event in TO_ASSESSING:
        await send(agency_id, saying(f"special_adjustment.{event}", opening.id))
    consult = await send(
        PROSECUTOR, saying("suspect_support.consult", to={"probation_office": PROBATION})
    )
    for agency_id, event, changes in (
        (PROSECUTOR, "explain", {}),
        (PROSECUTOR, "consent", {"consent_id": str(uuid4())}),
        (PROBATION, "release_disposition", {"disposition": "no_suspicion"}),
    ):
        await send(agency_id, saying(f"suspect_support.{event}", consult.id, changes))
    states = {state for flow in FLOWS.values() for state in flow.states}
    values = {
        value
        for message in sent
        for name, fact in message.body.facts().items()
        if FACTS[name] is not DataClass.C0
        for value in (fact if isinstance(fact, list) else [fact])
        if isinstance(value, str) and value not in states
    }
    assert {"special", "serving", "no_suspicion"} < values
    assert any(re.fullmatch(r"\d{4}-\d\d-\d\d", value) for value in values)
    looked_for = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, values))})(?!\w)")
    for table in set(await tables(busy.owner)) - PUBLIC - IN_CLEAR.keys():
        rows = await busy.owner.fetch(f"SELECT t::text AS row FROM {table} t")  # noqa: S608 - ours
        found = {match[1] for row in rows for match in looked_for.finditer(row["row"])}
        assert found == set(), table


async def test_a_dump_holds_nothing_personal_in_clear(busy: Office) -> None:
    example = saying("special_adjustment.notify_candidate").body.model_dump_json()
    subject = saying("special_adjustment.notify_candidate").body.model_dump(mode="json")["subject"]
    words = [w for w in subject.values() if isinstance(w, str) and len(w) > 1 and not w.isascii()]
    assert words
    assert all(word in example for word in words)
    for table in await tables(busy.owner):
        if table in PUBLIC:
            continue
        rows = await busy.owner.fetch(f"SELECT t::text AS row FROM {table} t")  # noqa: S608 - ours
        text = "".join(row["row"] for row in rows)
        leaks = [w for w in [*words, subject["date_of_birth"]] if w in text]
        assert leaks == [], table
