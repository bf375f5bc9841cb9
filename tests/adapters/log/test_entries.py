"""What stands in the log of cases that were played: who did what, and nothing that anybody sent."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.deliveries.recall import RecallReason
from app.domain.errors import Refusal
from app.domain.flows import BODIES
from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, OTHER_CENTER, PRISON, PROBATION, hand_over, special

KINDS = {"acceptance", "disclosure", "refusal", "rehearsal", "acknowledgement", "recall"}
# Codes, numbers and ids may stand in an entry; texts, names and days of birth are what was sent.
CODE = re.compile(r"|[a-z][a-z0-9_.:-]*|\d{1,6}|[A-Z]\d|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def words(value: Any) -> Iterator[str]:
    """Every text in a body that is not a code."""
    if isinstance(value, dict):
        for each in value.values():
            yield from words(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from words(each)
    elif isinstance(value, str) and not CODE.fullmatch(value):
        yield value


async def seal_all(office: Office) -> None:
    while await office.sealer.seal():
        pass


async def play_cases(office: Office) -> set[str]:
    """Cases with something of every kind, and all the words that were sent in them."""
    parent, child = await hand_over(office)
    opened = saying("special_adjustment.notify_candidate")
    await office.exchange.accept(opened, seat(PRISON))
    (page,) = await office.reading.open(seat(PROBATION), [opened.id])
    assert page.salts
    await office.inboxes.acknowledge(seat(PROBATION), [], 1)
    with pytest.raises(Refusal):
        await office.exchange.accept(saying("special_adjustment.accept", opened.id), seat(CENTER))
    rehearsed = saying("special_adjustment.start_selection", opened.id)
    await office.exchange.rehearse(rehearsed, seat(PROBATION))
    reason = RecallReason.WRONG_RECIPIENT
    await office.recalls.recall(seat(PRISON), opened.id, opened.id, reason, None)
    # A refusal by a person in detention, which looks like any other acceptance.
    consulted = saying("suspect_support.consult")
    await office.exchange.accept(consulted, seat("prosecutor-13"))
    assert parent != child
    rows = await office.owner.fetch(
        "SELECT DISTINCT type FROM message WHERE from_agency IS NOT NULL"
    )
    return {word for row in rows for word in words(dict(BODIES[row["type"]].EXAMPLE))}


async def test_no_entry_holds_a_word_that_was_sent(office: Office) -> None:
    sent = await play_cases(office)
    assert len(sent) > 20
    rows = await office.owner.fetch("SELECT kind, row_to_json(e)::text AS entry FROM log_entry e")
    assert {row["kind"] for row in rows} >= KINDS
    for row in rows:
        # The service's own time may look like a time that was sent.
        entry = json.dumps({**json.loads(row["entry"]), "at": None}, ensure_ascii=False)
        assert [word for word in sent if word in entry] == [], row["kind"]
        assert not re.search(r"[^\x00-\x7f]", entry), row["kind"]


async def test_the_entry_that_a_receipt_names_is_that_of_its_message(office: Office) -> None:
    message = saying("special_adjustment.notify_candidate")
    accepted = await office.exchange.accept(message, seat(PRISON))
    claims = json.loads(office.writer.signer.verify(accepted.answer.receipt))  # type: ignore[attr-defined]
    row = await office.row("SELECT * FROM log_entry WHERE id = $1", claims["log_entry"])
    assert (row["kind"], row["message_id"]) == ("acceptance", message.id)
    assert json.loads(row["detail"])["digest"] == accepted.answer.digest


async def test_what_happens_between_others_adds_nothing_to_ones_own_entries(
    office: Office,
) -> None:
    _, child = await hand_over(office, (OTHER_CENTER, "acknowledge"))
    await seal_all(office)
    before = await office.log.entries(PRISON, -1, 10_000)
    assert before
    asked = saying("regional_coordination.query", child)
    await office.exchange.accept(asked, seat(OTHER_CENTER))
    await office.reading.open(seat(CENTER), [asked.id])
    await seal_all(office)
    assert await office.log.entries(PRISON, -1, 10_000) == before
    assert len(await office.log.entries(CENTER, -1, 10_000)) > 0


async def test_submits_go_on_while_nobody_seals_and_are_sealed_in_their_order(
    office: Office,
) -> None:
    await seal_all(office)
    size = await office.owner.fetchval("SELECT size FROM log_tree")
    referrals = [await special(office, ()) for _ in range(5)]
    assert await office.owner.fetchval("SELECT size FROM log_tree") == size
    await seal_all(office)
    rows = await office.owner.fetch(
        "SELECT e.message_id FROM log_leaf l JOIN log_entry e ON e.id = l.entry_id"
        " WHERE l.index >= $1 AND e.kind = 'acceptance' ORDER BY l.index",
        size,
    )
    assert [row["message_id"] for row in rows] == referrals
