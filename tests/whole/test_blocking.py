"""No single request holds the event loop: others go on within a tenth of a second.

Measured is the processor time that the process uses between two turns of the loop, in whichever
thread, since what keeps the interpreter's lock keeps the loop as well. It does not grow when other
programs use the machine.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from time import process_time, thread_time
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.api.referrals.envelopes import read_opening
from app.api.wire.json_body import MOST_MEMBERS, MOST_VALUES, parse
from app.domain.decisions.reach import MOST_CONSENTS
from app.domain.errors import Refusal

LIMIT = 256 * 1024
LONGEST = 0.1
"""Seconds."""
LONGEST_READING = 0.07
"""Seconds of the processor in which a thread reads and refuses a body: they are the loop's, too."""
JSON = {"Content-Type": "application/json"}
Shape = Callable[[dict[str, Any]], bytes]


class Turns:
    """The longest time between two turns of the loop."""

    longest = 0.0


@asynccontextmanager
async def measure_turns() -> AsyncIterator[Turns]:
    turns = Turns()

    async def turn() -> None:
        last = process_time()
        while True:
            await asyncio.sleep(0)
            turns.longest = max(turns.longest, (now := process_time()) - last)
            last = now

    task = asyncio.create_task(turn())
    await asyncio.sleep(0)
    yield turns
    task.cancel()
    await asyncio.wait([task])


def in_subject(**fields: Any) -> Shape:
    """A message whose subject has these fields, too."""

    def make(message: dict[str, Any]) -> bytes:
        body = message["body"]
        return as_json({**message, "body": {**body, "subject": {**body["subject"], **fields}}})

    return make


def beside(**fields: Any) -> Shape:
    """A message with these members in its envelope."""
    return lambda message: as_json({**message, **fields})


def in_body(**fields: Any) -> Shape:
    """A message with these fields in its body."""
    return lambda message: as_json({**message, "body": {**message["body"], **fields}})


def raw(content: str) -> Shape:
    """A message with this text of JSON as a member."""
    return lambda message: as_json(message)[:-1] + b',"x":' + content.encode() + b"}"


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


IDS = [str(uuid4()) for _ in range(6_000)]
FEW = MOST_VALUES - 200
MEMBERS = {f"unknown_{i}": 1 for i in range(MOST_MEMBERS)}
SHAPES: dict[str, Shape] = {
    "marks in a row": in_subject(family_name="a" + "\u0301" * 120_000),
    "marks of two classes in a row": in_subject(family_name="a" + "\u0301\u0323" * 60_000),
    "marks in rows of thirty": in_subject(family_name=("a" + "\u0301" * 30) * 3_900),
    "letters with a mark in many texts": beside(x=["a\u0301 " * 55] * 1_100),
    "kana with a mark in many texts": beside(x=["か\u3099は\u309a" * 50] * 400),
    "marks in rows of thirty in many texts": beside(x=[("a" + "\u0301" * 30) * 12] * 300),
    "spaces in many texts": beside(x=[" " * 130 + "x"] * FEW),
    "question marks in many texts": beside(x=["?" * 130 + "𠀋"] * FEW),
    "letters with a mark": in_subject(family_name="a\u0301 " * 60_000),
    "kana with a mark": in_subject(name_note="か\u3099" * 42_000),
    "Tibetan vowels": in_subject(name_note="\u0f73" * 80_000),
    "jamo": in_subject(name_note="\u1112\u1161\u11ab" * 28_000),
    "astral kanji": in_subject(name_note="\U0002000b" * 64_000),
    "question marks": in_subject(family_name="?" * 250_000 + "x"),
    "spaces": in_subject(family_name=" " * 250_000 + "\U0002000b"),
    "spaces in a list": beside(x=[" "] * (FEW // 2)),
    "escaped line ends": in_subject(name_note="\n" * 120_000),
    "escaped quotes": in_subject(name_note='"' * 120_000),
    "surrogate escapes": raw('"' + "\\ud800" * 40_000 + '"'),
    "pairs of surrogate escapes": raw('"' + "\\ud840\\udc0b" * 20_000 + '"'),
    "unknown names": in_body(**{f"n{i}": 1 for i in range(FEW)}),
    "more unknown names": in_body(**{f"n{i}": 1 for i in range(24_000)}),
    "unknown names of one letter": in_subject(**{chr(0x4E00 + i): 1 for i in range(FEW)}),
    "unknown names in fields that are taken": in_body(
        family_contacts=[dict(list(MEMBERS.items())[:36])] * 50
    ),
    "unknown names in objects": in_body(**{f"n{i}": MEMBERS for i in range(18)}),
    "names with a mark": in_body(**{f"e\u0301{i}": 1 for i in range(FEW)}),
    "names in many objects": beside(x=[{"a": 1, "b": 2}] * (FEW // 3)),
    "nested lists": raw("[" * 100_000 + "]" * 100_000),
    "nested objects": raw('{"a":' * 40_000 + "1" + "}" * 40_000),
    "nested a hundred times": raw("[" * 98 + ",".join(["1"] * (FEW - 200)) + "]" * 98),
    "short lists": raw("[" + ",".join(["[]"] * (FEW // 2)) + "]"),
    "numbers": raw("[" + ",".join(["1"] * 120_000) + "]"),
    "as many numbers as are taken": raw("[" + ",".join(["1.5e10"] * FEW) + "]"),
    "a long number": raw("1" * 250_000),
    "a long fraction": raw("0." + "0" * 250_000 + "1"),
    "long numbers": raw("[" + ",".join(["9" * 1_000] * 250) + "]"),
    "a large exponent": raw("1e" + "9" * 250_000),
    "consent ids": beside(consent_ids=IDS),
    "shared messages": beside(shared_messages=IDS),
    "wrong ids": beside(consent_ids=["x" * 20] * FEW, shared_messages=[]),
    "wrong types": beside(consent_ids=[{"a": 1}] * (FEW // 2)),
    "parties": beside(to={f"party_{i}": "center-13" for i in range(6_000)}),
    "wrong parties": beside(to={f"P{i}": "center-13" for i in range(6_000)}),
    "wrong items": in_body(requirements=[{"x": [1]}] * (FEW // 3)),
    "a long id": beside(id="0" * 250_000),
    "a long date": beside(occurred_on="2" * 250_000),
    "a long type": in_body(type="special_adjustment." + "a" * 240_000),
    "a long phone": in_subject(contact_point_phone_number="(" * 250_000),
    "a long reading": in_subject(family_name_kana="ア\u309a" * 40_000 + "x"),
    "a long half-width reading": in_subject(family_name_kana="ｱ" * 80_000),
    "a long passage": in_subject(name_note="漢" * 85_000),
    "only commas": lambda _: b"," * LIMIT,
    "only quotes": lambda _: b'"' * LIMIT,
    "only backslashes": lambda _: b'{"' + b"\\" * (LIMIT - 2),
    "no UTF-8": lambda _: b'{"a":"' + b"\xff" * (LIMIT - 8) + b'"}',
    "white space": lambda _: b"{" + b" " * (LIMIT - 2) + b"}",
}


@pytest.mark.parametrize("name", SHAPES)
async def test_no_message_holds_the_loop(
    speak: Any, opening: Callable[..., dict[str, Any]], name: str
) -> None:
    client: AsyncClient = await speak("prison-fuchu")
    content = SHAPES[name](opening())
    assert 2_000 < len(content) <= LIMIT
    async with measure_turns() as turns:
        answer = await client.post("/v1/referrals?dry_run=true", content=content, headers=JSON)
    assert answer.status_code in {400, 422}
    assert len(answer.content) < 32_000
    assert turns.longest < LONGEST


@pytest.mark.parametrize("name", SHAPES)
def test_no_message_takes_a_thread_long(opening: Callable[..., dict[str, Any]], name: str) -> None:
    content = SHAPES[name](opening())
    assert len(content) <= LIMIT
    assert min(_seconds_to_read(content) for _ in range(3)) < LONGEST_READING


def _seconds_to_read(content: bytes) -> float:
    began = thread_time()
    with suppress(Refusal):
        read_opening(parse(content))
    return thread_time() - began


places: dict[str, Callable[[Any], Shape]] = {
    "the envelope": lambda value: beside(x=value),
    "an id": lambda value: beside(id=value),
    "ids": lambda value: beside(consent_ids=[value]),
    "parties": lambda value: beside(to={"center": value}),
    "the body": lambda value: in_body(x=value),
    "a name": lambda value: in_subject(family_name=value),
    "a reading": lambda value: in_subject(family_name_kana=value),
    "a day": lambda value: in_subject(date_of_birth=value),
    "a note": lambda value: in_subject(name_note=value),
    "a list": lambda value: in_body(family_contacts=value),
}
units = st.text(
    st.characters(codec="utf-8") | st.sampled_from('\0 "\\\n\u0301\u0323\u3099\u200b?か𠀋'),
    min_size=1,
    max_size=6,
)
parts = units | st.integers() | st.floats(allow_nan=False)
values = st.one_of(
    units,
    st.builds(lambda unit, n: unit * n, units, st.sampled_from([100, 1_000, 30_000])),
    st.builds(lambda part, n: [part] * n, parts, st.sampled_from([100, 9_000, 60_000])),
    st.builds(
        lambda unit, n: {f"{unit}{i}": i for i in range(n)}, units, st.sampled_from([100, 5_000])
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(places)), values)
async def test_no_message_of_any_shape_holds_the_loop(
    speak: Any, opening: Callable[..., dict[str, Any]], place: str, value: Any
) -> None:
    client: AsyncClient = await speak("prison-fuchu")
    content = places[place](value)(opening())[:LIMIT]
    async with measure_turns() as turns:
        answer = await client.post("/v1/referrals?dry_run=true", content=content, headers=JSON)
    assert answer.status_code in {200, 400, 422}
    assert turns.longest < LONGEST


SMALL_SHAPES: list[dict[str, Any]] = [
    {"ids": IDS[:800]},
    {"positions": [1] * 9_000},
    {"url": "https://" + "a." * 15_000},
    {"url": "https://" + "é" * 15_000},
    {"target": "a" * 32_000},
    {"detail": {"a": [1] * 9_000}},
    {f"n{i}": 1 for i in range(2_500)},
    {"name": "a" + "\u0301" * 15_000},
]


@pytest.mark.parametrize(
    "path", ["/v1/messages/read", "/v1/inbox/acknowledgements", "/v1/acts", "/v1/webhooks"]
)
async def test_no_other_body_holds_the_loop(speak: Any, path: str) -> None:
    client: AsyncClient = await speak("prison-fuchu")
    for content in SMALL_SHAPES:
        async with measure_turns() as turns:
            answer = await client.post(path, content=as_json(content), headers=JSON)
        assert answer.status_code == 422
        assert turns.longest < LONGEST


@pytest.mark.parametrize(
    "query",
    [
        "&".join(f"n{i}=1" for i in range(6_000)),
        "q=" + "%CC%81" * 10_000,
        "q=" + "a" * 60_000,
        "cursor=" + "W1tb" * 15_000,
        "limit=" + "9" * 60_000,
        "limit=1&" * 7_000,
        "%FF=" + "%00" * 20_000,
    ],
    ids=range(7),
)
async def test_no_query_holds_the_loop(speak: Any, query: str) -> None:
    client: AsyncClient = await speak("prison-fuchu")
    async with measure_turns() as turns:
        answer = await client.get(f"/v1/agencies?{query}")
    assert answer.status_code == 422
    assert len(answer.content) < 32_000
    assert turns.longest < LONGEST


HEADERS = "Accept-Language", "If-Match", "If-None-Match", "Content-Type", "DPoP", "X-Any"
HEADER_VALUES = (
    "a," * 30_000, "en;q=0.5," * 6_000, '"' * 60_000, 'W/"1",' * 10_000, "a-" * 30_000,
    " " * 60_000 + "x",
)  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
async def test_no_header_holds_the_loop(speak: Any, name: str) -> None:
    client: AsyncClient = await speak("prison-fuchu")
    for value in HEADER_VALUES:
        headers = [(name, value), *((f"x-{i}", "1") for i in range(100))]
        async with measure_turns() as turns:
            answer = await client.get(f"/v1/referrals/{uuid4()}", headers=headers)
        assert answer.status_code in {401, 404}
        assert turns.longest < LONGEST


def large(message: dict[str, Any]) -> bytes:
    """A message of 160 kB that is taken."""
    person = {"name": "架空 花子", "relation": "姉", "consents": True, "contact": "架空の町" * 250}
    return in_body(family_contacts=[person] * 50)(message)


async def test_large_messages_are_taken_and_read_without_holding_the_loop(
    speak: Any, opening: Callable[..., dict[str, Any]]
) -> None:
    client: AsyncClient = await speak("prison-fuchu")
    messages = [opening() for _ in range(50)]
    contents = list(map(large, messages))
    await client.post("/v1/referrals", json=opening())  # the first of a type imports what it needs
    assert min(map(len, contents)) > 150_000
    async with measure_turns() as turns:
        for content in contents:
            answer = await client.post("/v1/referrals", content=content, headers=JSON)
            assert answer.status_code == 201
    assert turns.longest < LONGEST
    async with measure_turns() as turns:
        answer = await client.post("/v1/messages/read", json={"ids": [m["id"] for m in messages]})
    assert len(answer.json()["items"]) == 50
    assert turns.longest < LONGEST


RECORD_ALMOST_ALL = """
    INSERT INTO consent (case_id, id, referral_id, message_id, purpose, recipients, classes,
        valid_from, withdrawn_on, withdrawn_by, recorded_by)
    SELECT r.case_id, gen_random_uuid(), r.id, m.id, 'special_adjustment',
        ARRAY(SELECT a.id FROM agency a ORDER BY a.id OFFSET n LIMIT $3), '{C0,C1,C4}',
        '2026-04-01', CASE WHEN n % 2 = 0 THEN '2026-04-02'::date END,
        CASE WHEN n % 2 = 0 THEN m.id END, b.agency
    FROM referral r JOIN message m ON m.referral_id = r.id AND m.type LIKE '%.notify_candidate',
        generate_series(1, $2) AS n,
        unnest('{prison-fuchu,prison-osaka,probation-13,probation-27,center-13}'::text[])
            AS b (agency)
    WHERE r.id = $1 RETURNING id, withdrawn_on IS NULL AS stands
"""


async def test_no_message_in_a_case_with_many_consents_holds_the_loop(
    speak: Any,
    opening: Callable[..., dict[str, Any]],
    envelope: Callable[..., dict[str, Any]],
    tables: asyncpg.Pool,
) -> None:
    first = opening()
    referral = first["id"]
    prison: AsyncClient = await speak("prison-fuchu")
    office: AsyncClient = await speak("probation-13")
    await prison.post("/v1/referrals", json=first)
    path = f"/v1/referrals/{referral}/messages"

    async def say(event: str, *, dry: bool = False, **said: Any) -> int:
        message = envelope(f"special_adjustment.{event}")
        message["body"] |= said
        answer = await office.post(f"{path}?dry_run={str(dry).lower()}", json=message)
        return answer.status_code

    assert await say("start_selection") == 201
    made = await tables.fetch(RECORD_ALMOST_ALL, UUID(referral), MOST_CONSENTS - 1, 50)
    standing, gone = ([str(c["id"]) for c in made if c["stands"] is s] for s in (True, False))
    assert len(made) == 5 * (MOST_CONSENTS - 1)
    renewal: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": ["center-13"]}
    async with measure_turns() as turns:
        assert await say("change_custody", dry=True) == 200
        assert await say("withdraw_consent", dry=True, consent_ids=standing[:50]) == 200
        assert await say("retract_withdrawal", dry=True, consent_ids=gone[:50]) == 200
        assert await say("withdraw_consent", consent_ids=standing[:50]) == 201
        assert await say("renew_consent", dry=True, **renewal) == 200
        assert await say("retract_withdrawal", dry=True, consent_ids=gone[:50]) == 200
        assert await say("renew_consent", **renewal) == 201
    assert turns.longest < LONGEST
