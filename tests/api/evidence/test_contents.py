"""The evidence bundle: what is in it, for whom, and what goes on record."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.adapters.erasure.requests import RequestedErasures
from app.adapters.evidence import collecting
from app.adapters.evidence.collecting import Evidence
from app.cli.evidence.findings import Findings, MessageCounts
from app.cli.evidence.verification import Baseline, verify_parts
from app.domain.evidence import parts as dividing
from app.domain.evidence.bundle import COVER, ENTRIES, MANIFEST
from app.domain.messages.digest import sha256
from tests.api.evidence.played import (
    CENTER,
    OFFICE,
    OTHER,
    PARTIES,
    PRISON,
    Case,
    fetch,
    files_of,
    findings_of,
    json_of,
    play,
    say,
    verdict_of,
)
from tests.support.evidence import Sealing
from tests.support.jwk import with_high_s
from tests.support.service import Service

PROSECUTOR, DEFENCE = "prosecutor-13", "bar-13-tokyo"
MESSAGE_COUNTS = "messages", "opened", "withheld", "receipts"


def messages(data: bytes) -> dict[str, Any]:
    """The messages of a bundle by id."""
    names = [row["file"] for row in json_of(data)["messages"]]
    contents = [json_of(data, name)["message"] for name in names]
    return {message["id"]: message for message in contents}


def strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value that is no code: names, numbers, sentences, ids, digests."""
    if isinstance(value, str) and not re.fullmatch(r"[a-z_.]*|.{0,3}", value):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


async def read_over_http(service: Service, agency: str, played_case: Case) -> dict[str, Any]:
    """Every message that an agency reads by the other routes, by id."""
    messages_by_id: dict[str, Any] = {}
    async with service.client(await service.token(agency)) as client:
        for referral in (played_case.parent, played_case.child):
            listing = await client.get(f"/v1/referrals/{referral}/messages?limit=100")
            ids = [item["id"] for item in listing.json().get("items", [])]
            if ids:
                answer = await client.post("/v1/messages/read", json={"ids": ids})
                messages_by_id |= {message["id"]: message for message in answer.json()["items"]}
    return messages_by_id


@pytest.mark.parametrize("agency", PARTIES)
def test_every_party_can_prove_its_part_of_the_case_offline(
    bundles: dict[str, bytes], agency: str
) -> None:
    assert verdict_of(bundles[agency], pinned=True) == ("verified", None, None)
    seen, held = findings_of(bundles[agency]), messages(bundles[agency]).values()
    assert seen.messages == len(json_of(bundles[agency])["messages"]) > 0
    assert seen.opened == sum(len(message["salts"]) for message in held)
    assert seen.withheld == sum(len(message["withheld"]) for message in held)
    sent = {m["id"] for m in held if m["from"]["agency_id"] == agency}
    assert {m["id"] for m in held if m["receipt"]} == sent
    assert seen.receipts == len(sent) < seen.messages
    assert seen.entries >= 2 * seen.messages  # accepted or shared, and opened for this bundle
    assert seen.warnings == ["keys_not_pinned"]


@pytest.mark.parametrize("agency", PARTIES)
async def test_a_bundle_holds_what_its_party_reads_and_nothing_else(
    service: Service, played_case: Case, bundles: dict[str, bytes], agency: str
) -> None:
    assert messages(bundles[agency]) == await read_over_http(service, agency, played_case)


def test_the_parties_see_different_parts(bundles: dict[str, bytes], played_case: Case) -> None:
    referrals = {a: {r["id"] for r in json_of(bundles[a])["referrals"]} for a in PARTIES}
    assert referrals[PRISON] == referrals[OFFICE] == {played_case.parent}
    assert referrals[CENTER] == {played_case.parent, played_case.child}
    assert referrals[OTHER] == {played_case.child}
    assert played_case.shared in messages(bundles[OTHER])
    assert played_case.child.encode() not in bundles[PRISON]
    assert OTHER.encode() not in bundles[PRISON]


@pytest.mark.parametrize("agency", [PRISON, OTHER])
def test_no_text_of_what_others_read_is_in_a_bundle(bundles: dict[str, bytes], agency: str) -> None:
    own = set(strings(list(messages(bundles[agency]).values())))
    others = set(strings([list(messages(bundles[a]).values()) for a in PARTIES]))
    hidden = {text for text in others - own if not any(text in mine for mine in own)}
    hidden -= {row["digest"] for a in PARTIES for row in json_of(bundles[a])["messages"]}
    assert len(hidden) > 20
    content = b"".join(files_of(bundles[agency]).values()).decode()
    leaks = {text for text in hidden if text in content}
    assert leaks <= set(PARTIES) | {f"{a}.decider" for a in PARTIES}, leaks


async def test_messages_between_others_leave_no_trace(service: Service, sealing: Sealing) -> None:
    case = await play(service)
    async with sealing():
        before = (await fetch(service, PRISON, case.id)).content
        await say(service, OTHER, "regional_coordination.refuse_transfer", within=case.child)
        await say(service, CENTER, "regional_coordination.interview", within=case.child)
        await fetch(service, OTHER, case.id)
        after = (await fetch(service, PRISON, case.id)).content
    one, two = files_of(before), files_of(after)
    assert one.keys() == two.keys()
    changing = {MANIFEST, "manifest.jws", "checkpoint.txt", COVER, ENTRIES}
    assert {n: c for n, c in one.items() if n not in changing} == {
        n: c for n, c in two.items() if n not in changing
    }
    for name in ("referrals", "messages", "classes"):
        assert json_of(before)[name] == json_of(after)[name]
    lines = [
        [
            line
            for line in files[COVER].decode().splitlines()
            if "作成" not in line and "根" not in line
        ]
        for files in (one, two)
    ]
    assert lines[0] == lines[1]
    old, new = ([row["entry"] for row in json.loads(f[ENTRIES])["entries"]] for f in (one, two))
    assert new[: len(old)] == old
    assert {(e["kind"], e["agency_id"]) for e in new[len(old) :]} <= {
        ("disclosure", PRISON),
        ("export", PRISON),
    }


async def test_to_a_stranger_the_case_is_not_there(service: Service, played_case: Case) -> None:
    real = await fetch(service, PROSECUTOR, played_case.id)
    made_up = await fetch(service, PROSECUTOR, str(uuid4()))
    nonsense = await fetch(service, PROSECUTOR, "x")
    assert {a.status_code for a in (real, made_up, nonsense)} == {404}
    assert real.content.replace(played_case.id.encode(), b"") == made_up.content.replace(
        made_up.url.path.split("/")[3].encode(), b""
    )


async def test_the_seat_decides_what_is_opened_and_who_may_ask(
    service: Service, played_case: Case, sealing: Sealing
) -> None:
    assert (await fetch(service, CENTER, played_case.id, "case_worker")).status_code == 403
    token = await service.token(CENTER, scope="disclosure:read")
    async with service.client(token) as client:
        narrow = await client.get(f"/v1/cases/{played_case.id}/bundle")
    assert (narrow.status_code, narrow.json()["scope"]) == (403, "referral:read")
    async with sealing():
        officers = (await fetch(service, CENTER, played_case.id, "records_officer")).content
    assert verdict_of(officers, pinned=True) == ("verified", None, None)
    held = messages(officers).values()
    assert {c for message in held for c in message["salts"]} == {"C0"}
    assert {w["reason"] for message in held for w in message["withheld"]} == {"not_your_seat"}
    async with sealing():
        deciders = (await fetch(service, CENTER, played_case.id)).content
    most = counts(verify_parts([deciders], Baseline()))
    for both in ([officers, deciders], [deciders, officers]):
        told = counts(verify_parts(both, Baseline()))
        assert [told[name] for name in MESSAGE_COUNTS] == [most[name] for name in MESSAGE_COUNTS]


async def test_making_a_bundle_is_a_disclosure_of_every_message_and_an_export(
    played_case: Case, bundles: dict[str, bytes], tables: asyncpg.Pool
) -> None:
    digest = sha256(files_of(bundles[OTHER])[MANIFEST])
    (entry,) = await tables.fetch(
        "SELECT * FROM log_entry WHERE kind = 'export' AND detail ->> 'digest' = $1", digest
    )
    assert entry["agencies"] == [OTHER]
    assert str(entry["case_id"]) == played_case.id
    opened = await tables.fetch(
        "SELECT message_id FROM log_entry WHERE kind = 'disclosure' AND agency_id = $1"
        " AND case_id = $2 AND at <= $3",
        OTHER,
        entry["case_id"],
        entry["at"],
    )
    assert {str(row["message_id"]) for row in opened} >= messages(bundles[OTHER]).keys()


async def test_what_is_not_sealed_in_time_is_promised_and_proved_later(
    service: Service, sealing: Sealing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sealing():
        acceptance = await say(service, PROSECUTOR, "suspect_support.consult")
        async with service.client(await service.token(PROSECUTOR)) as client:
            read = await client.get(f"/v1/referrals/{acceptance['referral_id']}")
            case = read.json()["case_id"]
        await fetch(service, PROSECUTOR, case)
    await say(service, PROSECUTOR, "suspect_support.explain", within=acceptance["referral_id"])
    monkeypatch.setattr(service.dependency(Evidence), "_patience", 0.0)
    early = (await fetch(service, PROSECUTOR, case)).content
    assert verdict_of(early, pinned=True) == ("incomplete", None, None)
    assert findings_of(early).pending == 1
    (pending,) = json_of(early, ENTRIES)["pending"]
    last = json_of(early)["messages"][-1]
    assert pending["message_id"] == last["id"]
    assert pending["sealed_by"] > messages(early)[last["id"]]["created_at"]
    monkeypatch.undo()
    async with sealing():
        late = (await fetch(service, PROSECUTOR, case)).content
    assert verdict_of(late, pinned=True) == ("verified", None, None)


async def test_what_arrives_while_a_bundle_is_made_is_for_the_next_one(
    service: Service, sealing: Sealing, tables: asyncpg.Pool
) -> None:
    case = await play(service)
    opened = (
        "SELECT count(*) FROM log_entry"
        " WHERE kind = 'disclosure' AND agency_id = $1 AND case_id = $2"
    )
    async with asyncio.timeout(10):
        fetching = asyncio.create_task(fetch(service, OTHER, case.id))
        while not await tables.fetchval(opened, OTHER, case.id):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        acceptance = await say(
            service, OTHER, "regional_coordination.refuse_transfer", within=case.child
        )
        async with sealing():
            early = (await fetching).content
            late = (await fetch(service, OTHER, case.id)).content
    assert (
        verdict_of(early, pinned=True) == verdict_of(late, pinned=True) == ("verified", None, None)
    )
    assert acceptance["message_id"] not in messages(early)
    assert messages(late).keys() - messages(early).keys() == {acceptance["message_id"]}
    assert findings_of(late, bundle=early).problems == []


async def test_whatever_became_of_a_case_its_bundles_verify(
    service: Service, sealing: Sealing
) -> None:
    case = await play(service)
    async with sealing():
        before = {agency: (await fetch(service, agency, case.id)).content for agency in PARTIES}
    # Nobody opens it: what was opened stays in the bundles of those who did.
    sent = await say(service, CENTER, "regional_coordination.change_custody", within=case.child)
    last = sent["message_id"]
    async with service.client(await service.token(CENTER)) as client:
        recalled = await client.post(
            f"/v1/referrals/{case.child}/messages/{last}/recall", json={"reason": "wrong_content"}
        )
    assert recalled.status_code == 200, recalled.text
    await say(service, OTHER, "regional_coordination.accept_transfer", within=case.child)
    await say(service, OTHER, "special_adjustment.withdraw_consent", within=case.parent)
    async with sealing():
        after = {agency: (await fetch(service, agency, case.id)).content for agency in PARTIES}
    reasons = {}
    for agency in PARTIES:
        assert verdict_of(after[agency], pinned=True) == ("verified", None, None)
        shrunk = findings_of(after[agency], bundle=before[agency])
        assert (shrunk.problems, shrunk.warnings[-1]) == ([], "no_consistency_proof")
        held = messages(after[agency]).values()
        reasons[agency] = {w["reason"] for message in held for w in message["withheld"]}
    assert "party_ended" in reasons[CENTER]
    assert "recalled" in reasons[OTHER]
    assert "consent_withdrawn" in reasons[OTHER]


async def test_a_case_that_is_too_large_is_refused_in_words(
    service: Service, played_case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dividing, "MOST_MESSAGES", 3)
    monkeypatch.setattr(collecting, "MOST_MESSAGES", 3)
    answer = await fetch(service, CENTER, played_case.id)
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/bundle_too_large"
    assert answer.json()["limit_messages"] == 3
    assert answer.json()["parts"]


async def test_a_case_that_one_bundle_cannot_hold_comes_in_parts_that_are_the_whole_together(
    service: Service, played_case: Case, sealing: Sealing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sealing():
        whole = messages((await fetch(service, CENTER, played_case.id)).content)
    monkeypatch.setattr(dividing, "MOST_MESSAGES", 3)
    answer = await fetch(service, CENTER, played_case.id)
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/bundle_too_large"
    listed = answer.json()["parts"]
    assert len(listed) > 2
    async with sealing():
        parts = [(await fetch(service, CENTER, played_case.id, **p)).content for p in listed]
    held = [message for part in parts for message in messages(part)]
    assert sorted(held) == sorted(whole)
    for part in parts:
        assert "part" in findings_of(part).warnings
        assert verdict_of(part, pinned=True) == ("incomplete", None, None)
    together = verify_parts(parts, Baseline())
    assert (together.problems, "part" in together.warnings) == ([], False)
    assert_counted_once(parts, counts(together))
    assert together.messages == len(whole)
    assert "part" in verify_parts(parts[1:], Baseline()).warnings
    async with sealing():
        less = (await fetch(service, CENTER, played_case.id, **listed[0] | {"from": 2})).content
    assert "part" in verify_parts([less, *parts[1:]], Baseline()).warnings
    async with sealing():
        wanted: dict[str, Any] = {"referral": played_case.parent, "from": 1, "through": 1}
        others = (await fetch(service, OFFICE, played_case.id, **wanted)).content
    mixed = verify_parts([parts[0], others], Baseline())
    assert [problem.code for problem in mixed.problems] == ["mixed"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"from": 1}, "/query/referral"),
        ({"referral": str(uuid4())}, "/query/referral"),
        ({"referral": "own", "from": 3, "through": 2}, "/query/through"),
        ({"referral": "own", "through": 1000}, "/query/through"),
        ({"referral": "own", "from": 1000}, "/query/from"),
    ],
)
async def test_a_part_of_which_there_is_nothing_is_refused_at_its_place(
    service: Service, played_case: Case, query: dict[str, Any], pointer: str
) -> None:
    if query.get("referral") == "own":
        query = {**query, "referral": played_case.parent}
    answer = await fetch(service, CENTER, played_case.id, **query)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_openings_by_others_fill_no_bundle_and_push_out_nothing(
    service: Service, sealing: Sealing, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await play(service, shared=False)
    async with service.client(await service.token(PRISON)) as client:
        for _ in range(30):
            answer = await client.post("/v1/messages/read", json={"ids": [case.parent]})
            assert answer.status_code == 200
    monkeypatch.setattr(collecting, "MOST_ENTRIES", 16)
    async with sealing():
        data = (await fetch(service, PRISON, case.id)).content
    assert verdict_of(data, pinned=True) == ("verified", None, None)
    log = json_of(data, ENTRIES)
    (row,) = [r for r in log["repeated"] if r["agency_id"] == PRISON]
    assert (row["message_id"], row["count"]) == (case.parent, 31)
    indices = [each["index"] for each in log["entries"]]
    assert {row["first"], row["last"]} <= set(indices)
    assert json_of(data)["log"]["left_out"] >= 29
    acting = {each["entry"]["agency_id"] for each in log["entries"]}
    assert OFFICE in acting


async def test_a_refusal_by_a_detained_person_verifies_though_nothing_of_it_is_left(
    service: Service, sealing: Sealing
) -> None:
    acceptance = await say(service, PROSECUTOR, "suspect_support.consult")
    within = acceptance["referral_id"]
    await say(service, PROSECUTOR, "suspect_support.explain", within=within)
    await say(service, PROSECUTOR, "suspect_support.refuse", within=within)
    async with service.client(await service.token(PROSECUTOR)) as client:
        case = (await client.get(f"/v1/referrals/{within}")).json()["case_id"]
    async with sealing():
        data = (await fetch(service, PROSECUTOR, case)).content
    assert verdict_of(data, pinned=True) == ("verified", None, None)
    seen = findings_of(data)
    assert seen.opened == 0
    assert len(seen.erased) == seen.withheld >= seen.messages == 3
    assert {each.because for each in seen.erased} == {"refused"}
    assert all(each.erased_at for each in seen.erased)


async def agree_to_erase(service: Service, request: str) -> None:
    """Let the agencies that are asked agree, and erase as the worker does."""
    async with asyncpg.create_pool(service.urls.owner, min_size=0, max_size=2) as pool:
        asked = await pool.fetch(
            "SELECT agency_id FROM erasure_answer WHERE request_id = $1", UUID(request)
        )
        for row in asked:
            async with service.client(await service.token(row["agency_id"])) as client:
                path = f"/v1/erasure-requests/{request}/answer"
                assert (await client.post(path, json={"answer": "agreed"})).status_code == 200
        await RequestedErasures(pool, service.clock).settle_due()


async def test_erased_by_two_seats_the_bundle_still_verifies_and_says_when_and_why(
    service: Service, sealing: Sealing
) -> None:
    case = await play(service, shared=False)
    closing = {"close_reason": "family_took_over"}
    await say(service, CENTER, "special_adjustment.close", within=case.parent, body=closing)
    act = {
        "id": str(uuid4()),
        "kind": "erase",
        "target": case.parent,
        "detail": {"reason": "subject_request", "classes": ["C1", "C4"]},
    }
    async with sealing():
        before = (await fetch(service, CENTER, case.id)).content
        async with service.client(await service.token(CENTER, "records_officer")) as officer:
            proposed = await officer.post("/v1/acts", json=act)
            assert proposed.status_code == 201, proposed.text
        async with service.client(await service.token(CENTER)) as head:
            approved = await head.post(f"/v1/acts/{act['id']}/approve")
            assert approved.json()["state"] == "approved", approved.text
        await agree_to_erase(service, str(act["id"]))
        after = (await fetch(service, CENTER, case.id)).content
    assert verdict_of(after, pinned=True) == ("verified", None, None)
    assert findings_of(after, bundle=before).problems == []
    gone = {(each.data_class, each.because) for each in findings_of(after).erased}
    assert gone == {("C1", "commanded"), ("C4", "commanded")}
    assert all(each.erased_at for each in findings_of(after).erased)
    left, lost = messages(after), messages(before)
    texts = {
        text
        for message_id, message in lost.items()
        for name in message["body"].keys() - left[message_id]["body"].keys()
        for text in strings(message["body"][name])
    }
    texts -= set(strings(list(left.values())))
    assert texts
    assert not [text for text in texts if text.encode() in b"".join(files_of(after).values())]


async def test_privileged_data_is_never_in_a_prosecutors_bundle(
    service: Service, sealing: Sealing
) -> None:
    to = {"center": CENTER}
    acceptance = await say(service, DEFENCE, "defence_support.inquire", to=to)
    async with service.client(await service.token(DEFENCE)) as client:
        defence = (await client.get(f"/v1/referrals/{acceptance['referral_id']}")).json()["case_id"]
    async with sealing():
        assert (await fetch(service, DEFENCE, defence)).status_code == 200
        assert (await fetch(service, PROSECUTOR, defence)).status_code == 404
        consulted = await say(service, PROSECUTOR, "suspect_support.consult")
        async with service.client(await service.token(PROSECUTOR)) as client:
            read = await client.get(f"/v1/referrals/{consulted['referral_id']}")
        data = (await fetch(service, PROSECUTOR, read.json()["case_id"])).content
    assert all("C8" not in message["digests"] for message in messages(data).values())
    assert DEFENCE.encode() not in data


async def test_a_receipt_in_the_other_form_of_its_signature_is_put_into_its_one_form(
    service: Service, tables: asyncpg.Pool, sealing: Sealing
) -> None:
    """Services of an earlier release signed in either form."""
    case = await play(service, shared=False)
    select = "SELECT receipt FROM message WHERE id = $1"
    stored = await tables.fetchval(select, case.shared)
    update = "UPDATE message SET receipt = $2 WHERE id = $1"
    async with tables.acquire() as connection, connection.transaction():
        await connection.execute("ALTER TABLE message DISABLE TRIGGER USER")
        await connection.execute(update, case.shared, with_high_s(stored))
        await connection.execute("ALTER TABLE message ENABLE TRIGGER USER")
    async with sealing():
        data = (await fetch(service, OFFICE, case.id)).content
    assert verdict_of(data, pinned=True) == ("verified", None, None)
    assert messages(data)[case.shared]["receipt"] == stored


def counts(findings: Findings) -> dict[str, int]:
    told: dict[str, int] = findings.as_json()["counts"]
    return told


def assert_counted_once(parts: list[bytes], once: dict[str, int]) -> None:
    """What stands in two files counts once: of the same file, and of those that overlap."""
    assert once["messages"] == sum(len(messages(part)) for part in parts)
    for given in ([*parts, parts[0]], [*reversed(parts), *parts], [parts[0], parts[0], *parts[1:]]):
        again = counts(verify_parts(given, Baseline()))
        left_out = {"left_out": once["left_out"]}
        assert again | left_out == once


def test_a_bundle_that_is_given_twice_counts_once(bundles: dict[str, bytes]) -> None:
    whole = bundles[CENTER]
    once = counts(verify_parts([whole], Baseline()))
    assert once["messages"] == len(messages(whole)) > 0
    assert once["entries"] > 0
    assert counts(verify_parts([whole, whole, whole], Baseline())) == once


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [("a", "a", 3), ("ab", "b", 3), ("b", "ab", 3), ("a", "b", 5), ("ab", "bc", 5)],
)
def test_what_is_left_out_counts_once_where_one_file_holds_all_messages_of_the_other(
    first: str, second: str, together: int
) -> None:
    findings = Findings(held=dict.fromkeys(first, MessageCounts(1, 0, 0)), left_out=3)
    findings.add(Findings(held=dict.fromkeys(second, MessageCounts(1, 0, 0)), left_out=2))
    assert findings.left_out == together


def test_what_waits_to_be_sealed_counts_once_in_all_files_together() -> None:
    findings = Findings(unlogged={"a", "b"})
    findings.add(Findings(unlogged={"b", "c"}))
    assert findings.pending == 3
