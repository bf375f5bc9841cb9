"""The listing of disclosures: what each party knows anyhow, and nothing that betrays others."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.adapters.disclosures.listing import LIST, DisclosureFilter, Key, key_of
from app.domain.access.caller import Caller
from app.domain.classes import DataClass
from app.domain.deliveries.recall import RecallReason
from app.domain.disclosures.record import Disclosure
from app.domain.disclosures.summary import Summary
from app.domain.errors import NotFound
from app.domain.messages.payloads.samples import CONSENT_ID
from tests.adapters.deliveries.test_deliveries import on_paper
from tests.adapters.deliveries.test_recall import request_of
from tests.support.callers import START, seat
from tests.support.office import Office, saying
from tests.support.play import (
    CENTER,
    OTHER_CENTER,
    PRISON,
    PROBATION,
    TO_ACCEPTED,
    TO_ASSESSING,
    hand_over,
    special,
)

ALL = DisclosureFilter()
TAKEN = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))


@pytest.fixture(autouse=True)
async def clock_put_back(office: Office) -> AsyncIterator[None]:
    """Each test finds the clock at the start."""
    yield
    office.clock.now = START


async def case_of(office: Office, referral: UUID) -> UUID:
    """The case of a referral."""
    case_id: UUID = await office.owner.fetchval(
        "SELECT case_id FROM referral WHERE id = $1", referral
    )
    return case_id


async def list_all(
    office: Office, agency: str, referral: UUID, wanted: DisclosureFilter = ALL, limit: int = 100
) -> list[Disclosure]:
    """All disclosures that an agency may see, page by page."""
    case, after, disclosures = await case_of(office, referral), None, list[Disclosure]()
    while True:
        page = await office.disclosures.page(agency, case, wanted, after, limit)
        assert len(page.items) <= limit
        disclosures += page.items
        if page.following is None:
            break
        after = key_of(page.following)
    if wanted == ALL:
        await check_summary(office, agency, case, disclosures)
    return disclosures


async def check_summary(
    office: Office, agency: str, case: UUID, disclosures: list[Disclosure]
) -> None:
    """What is summed up to be printed is what the list has, and no more."""
    listed = Summary()
    listed.take(disclosures)
    summary = await office.disclosures.summarize(agency, case)
    assert summary.agencies() == listed.agencies()


async def of_message(
    office: Office, agency: str, referral: UUID, message: UUID
) -> list[tuple[str, str, list[str] | None]]:
    """What an agency knows of one message: who, how, and which classes."""
    return [
        (d.agency_id, d.how, None if d.classes is None else list(d.classes))
        for d in await list_all(office, agency, referral)
        if d.message_id == message
    ]


async def classes_sent_to(office: Office, agency: str, message: UUID) -> list[str]:
    """The classes of a message that its sender sent to an agency."""
    classes: list[str] = await office.owner.fetchval(
        "SELECT array_agg(k ORDER BY k) FROM copy CROSS JOIN unnest(classes) AS k"
        " JOIN segment s USING (message_id)"
        " WHERE agency_id = $1 AND message_id = $2 AND s.class = k",
        agency,
        message,
    )
    return classes


async def test_the_sender_sees_who_received_which_classes_and_who_opened_them(
    office: Office,
) -> None:
    referral = await special(office)
    request = await request_of(office, referral)
    office.clock.now += timedelta(hours=1)
    reader = seat(CENTER, "case_worker")
    (opened,) = await office.reading.open(
        Caller(
            reader.client_id, CENTER, reader.seat_id, reader.role, reader.scopes,
            frozenset({"C0", "C1"}), decides=False,
        ),
        [request],
    )  # fmt: skip
    assert set(opened.salts) == {"C0", "C1"}
    disclosures = await of_message(office, PROBATION, referral, request)
    assert disclosures == [
        (CENTER, "received", await classes_sent_to(office, CENTER, request)),
        (CENTER, "opened", ["C0", "C1"]),
        (PRISON, "received", ["C0"]),
    ]
    received, opening, _ = (
        d for d in await list_all(office, PROBATION, referral) if d.message_id == request
    )
    assert (received.at, received.seat_id) == (START, None)
    assert (opening.at, opening.seat_id) == (START + timedelta(hours=1), reader.seat_id)
    assert opening.party == "center"


async def test_a_recipient_sees_its_own_and_that_others_received_it_too(office: Office) -> None:
    referral = await special(office)
    request = await request_of(office, referral)
    await office.reading.open(seat(CENTER), [request])
    await office.reading.open(seat(PRISON), [request])
    classes = await classes_sent_to(office, CENTER, request)
    assert await of_message(office, CENTER, referral, request) == [
        (CENTER, "received", classes),
        (CENTER, "opened", classes),
        (PRISON, "received", None),
    ]
    assert await of_message(office, PRISON, referral, request) == [
        (CENTER, "received", None),
        (PRISON, "received", ["C0"]),
        (PRISON, "opened", ["C0"]),
    ]


async def test_it_says_the_law_and_the_consent_that_a_message_rested_on(office: Office) -> None:
    referral = await special(office, (("probation-13", "start_selection"),))
    await office.exchange.accept(
        saying("special_adjustment.record_consent", referral), seat(PROBATION)
    )
    await office.exchange.accept(
        saying("special_adjustment.select_special", referral), seat(PROBATION)
    )
    request = saying(
        "special_adjustment.request_cooperation",
        referral,
        consent_ids=(UUID(CONSENT_ID),),
        legal_basis="circular_244",
    )
    await office.exchange.accept(request, seat(PROBATION))
    for agency in (PROBATION, CENTER):
        mine = [d for d in await list_all(office, agency, referral) if d.message_id == request.id]
        assert {(d.legal_basis, d.consent_ids) for d in mine if d.agency_id == CENTER} == {
            ("circular_244", (UUID(CONSENT_ID),))
        }
    told_by_law = [d for d in await list_all(office, PROBATION, referral) if d.agency_id == PRISON]
    assert {d.consent_ids for d in told_by_law} == {()}


async def test_a_consent_that_an_agency_may_not_see_is_not_named_to_it(office: Office) -> None:
    parent, child = await hand_over(office, *TAKEN)
    for d in await list_all(office, OTHER_CENTER, child):
        visible = await office.owner.fetchval(
            "SELECT count(*) FROM consent WHERE id = ANY ($1) AND case_id = $2"
            " AND ($3 = ANY (recipients) OR 'settlement_center' = ANY (recipients)"
            " OR referral_id = $4)",
            list(d.consent_ids),
            await case_of(office, parent),
            OTHER_CENTER,
            child,
        )
        assert visible == len(d.consent_ids)


async def test_printing_and_recalling_are_disclosures_that_only_the_sender_sees_all_of(
    office: Office,
) -> None:
    referral, start = await on_paper(office)
    (paper,) = start_recipients = [
        r["agency_id"]
        for r in json.loads(
            await office.owner.fetchval("SELECT recipients FROM message WHERE id = $1", start.id)
        )
    ]
    assert len(start_recipients) == 1
    sender = "probation-14"
    assert await of_message(office, sender, referral, start.id) == [(paper, "to_print", ["C0"])]
    await office.deliveries.mark_printed(seat(sender), referral, start.id, None)
    await office.recalls.recall(seat(sender), referral, start.id, RecallReason.WRONG_CONTENT, None)
    disclosures = [d for d in await list_all(office, sender, referral) if d.message_id == start.id]
    assert [(d.how, d.seat_id) for d in disclosures] == [
        ("to_print", None),
        ("printed", f"{sender}.decider"),
        ("recalled", f"{sender}.decider"),
    ]


async def test_a_recall_from_one_recipient_is_not_told_to_another(office: Office) -> None:
    referral = await special(office)
    request = await request_of(office, referral)
    before = await list_all(office, PRISON, referral)
    await office.recalls.recall(seat(PROBATION), referral, request, RecallReason.TOO_MUCH, [CENTER])
    assert await list_all(office, PRISON, referral) == before
    assert (CENTER, "recalled") in {
        (d.agency_id, d.how) for d in await list_all(office, PROBATION, referral)
    }
    (mine,) = [d for d in await list_all(office, CENTER, referral) if d.how == "recalled"]
    assert mine.seat_id is None


async def show(office: Office, child: UUID, request: UUID) -> UUID:
    """An offer to the center elsewhere, which shows it the request, and which it refuses."""
    offer = saying("regional_coordination.offer_transfer", child, shared_messages=(request,))
    await office.exchange.accept(offer, seat(CENTER))
    refusal = saying("regional_coordination.refuse_transfer", child)
    await office.exchange.accept(refusal, seat(OTHER_CENTER))
    return offer.id


async def shown_to_another(office: Office) -> tuple[UUID, UUID, UUID]:
    """A parent, the offer by which its center showed its request elsewhere, and the request."""
    parent, child = await hand_over(office, *TAKEN)
    request = await request_of(office, parent)
    office.clock.now += timedelta(minutes=5)
    return parent, await show(office, child, request), request


async def test_what_a_party_showed_to_others_is_its_own_disclosure(office: Office) -> None:
    parent, answer, request = await shown_to_another(office)
    at = START + timedelta(minutes=5)
    (shown,) = [
        d for d in await list_all(office, CENTER, parent)
        if d.message_id == request and d.agency_id == OTHER_CENTER
    ]  # fmt: skip
    assert (shown.how, shown.at, shown.shown_by) == ("received", at, answer)
    (received,) = [
        d for d in await list_all(office, OTHER_CENTER, parent)
        if d.message_id == request and d.agency_id == OTHER_CENTER
    ]  # fmt: skip
    assert (received.how, received.at, received.shown_by) == ("received", at, answer)
    assert received.classes == shown.classes
    assert list(shown.classes or ()) == await classes_sent_to(office, OTHER_CENTER, request)


async def test_a_reader_whom_the_sender_does_not_know_is_unknown_until_it_is_taken_back(
    office: Office,
) -> None:
    parent, _, request = await shown_to_another(office)
    before = await list_all(office, PROBATION, parent)
    (opened,) = await office.reading.open(seat(OTHER_CENTER), [request])
    assert await list_all(office, PROBATION, parent) == before
    assert OTHER_CENTER not in {d.agency_id for d in before}
    await office.recalls.recall(seat(PROBATION), parent, request, RecallReason.WRONG_PERSON, None)
    (taken,) = [d for d in await list_all(office, PROBATION, parent) if d.agency_id == OTHER_CENTER]
    assert (taken.how, taken.party, set(taken.classes or ())) == (
        "recalled",
        None,
        set(opened.salts),
    )
    assert (taken.legal_basis, taken.consent_ids) == (None, ())


async def test_the_sharer_cannot_tell_whether_a_reader_had_it_already(office: Office) -> None:
    parent, child = await hand_over(office, *TAKEN)
    request = await request_of(office, parent)
    listed: list[list[tuple[Any, ...]]] = []
    for _ in ("new", "had it already"):
        answer = await show(office, child, request)
        shown = [d for d in await list_all(office, CENTER, parent) if d.shown_by == answer]
        listed.append([(d.agency_id, d.how, d.at, d.classes) for d in shown])
    assert [len(each) for each in listed] == [1, 1]
    assert listed[0] == listed[1]


async def test_hidden_traffic_changes_not_one_byte(office: Office) -> None:
    parent, child = await hand_over(office, *TAKEN)
    request = await request_of(office, parent)
    for limit in (3, 100):
        before = [
            repr(await list_all(office, agency, parent, limit=limit))
            for agency in (PRISON, PROBATION)
        ]
        pages = await cursors(office, PRISON, parent, limit)
        answer = await show(office, child, request)
        await office.reading.open(seat(OTHER_CENTER), [answer, child])
        await office.reading.open(seat(CENTER), [answer, child])
        after = [
            repr(await list_all(office, agency, parent, limit=limit))
            for agency in (PRISON, PROBATION)
        ]
        assert after == before
        assert await cursors(office, PRISON, parent, limit) == pages


async def test_a_cursor_that_names_a_referral_which_one_does_not_see_lists_nothing(
    office: Office,
) -> None:
    parent, _ = await hand_over(office, *TAKEN)
    case = await case_of(office, parent)
    assert await list_all(office, OTHER_CENTER, parent)  # of the child, opened after it
    for place in (parent, uuid4()):
        key = key_of([str(place), "0", "", "0", "0", str(UUID(int=0))])
        page = await office.disclosures.page(OTHER_CENTER, case, ALL, key, 100)
        assert (page.items, page.following) == ([], None)


async def cursors(office: Office, agency: str, referral: UUID, limit: int) -> list[Any]:
    """The cursors at which the pages of an agency end."""
    case, after, cursors = await case_of(office, referral), None, list[Any]()
    while True:
        page = await office.disclosures.page(agency, case, ALL, after, limit)
        cursors.append(page.following)
        if page.following is None:
            return cursors
        after = key_of(page.following)


@pytest.mark.parametrize("limit", [1, 2, 7])
async def test_pages_of_any_size_give_each_disclosure_once(office: Office, limit: int) -> None:
    parent, child, request = await shown_to_another(office)
    for agency in (CENTER, OTHER_CENTER, CENTER):
        await office.reading.open(seat(agency), [request, child, parent])
    for agency in (PROBATION, CENTER, OTHER_CENTER):
        whole = await list_all(office, agency, parent)
        assert await list_all(office, agency, parent, limit=limit) == whole
        assert len(whole) > limit


async def test_a_page_that_looked_at_enough_ends_and_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent, child, request = await shown_to_another(office)
    for _ in range(4):
        await office.reading.open(seat(CENTER), [request, child])
    whole = await list_all(office, CENTER, parent)
    only = await list_all(office, CENTER, parent, DisclosureFilter(agency_id=OTHER_CENTER))
    monkeypatch.setattr("app.adapters.disclosures.listing.MOST_LOOKED_AT", 3)
    assert await list_all(office, CENTER, parent) == whole
    assert await list_all(office, CENTER, parent, DisclosureFilter(agency_id=OTHER_CENTER)) == only


async def test_it_can_be_narrowed_to_a_referral_an_agency_or_a_class(office: Office) -> None:
    parent, answer, _ = await shown_to_another(office)
    child = (await office.row("SELECT referral_id FROM message WHERE id = $1", answer))[0]
    whole = await list_all(office, CENTER, parent)
    narrowed: Sequence[tuple[DisclosureFilter, Any]] = [
        (DisclosureFilter(agency_id=OTHER_CENTER), lambda d: d.agency_id == OTHER_CENTER),
        (DisclosureFilter(data_class=DataClass.C4), lambda d: DataClass.C4 in (d.classes or ())),
        (DisclosureFilter(referral_id=child), lambda d: child in (d.via, d.referral_id)),
    ]
    for wanted, holds in narrowed:
        expected = [d for d in whole if holds(d)]
        assert 0 < len(expected) < len(whole)
        assert await list_all(office, CENTER, parent, wanted) == expected
    assert await list_all(office, CENTER, parent, DisclosureFilter(referral_id=uuid4())) == []


async def test_only_a_party_of_the_case_is_answered(office: Office) -> None:
    referral = await special(office)
    case = await case_of(office, referral)
    for agency, asked in ((OTHER_CENTER, case), (PRISON, uuid4())):
        with pytest.raises(NotFound):
            await office.disclosures.page(agency, asked, ALL, None, 10)
        with pytest.raises(NotFound):
            await office.disclosures.summarize(agency, asked)


async def test_a_reading_that_opened_nothing_is_no_disclosure(office: Office) -> None:
    referral = await special(office)
    request = await request_of(office, referral)
    nothing = Caller(f"{CENTER}.s", CENTER, f"{CENTER}.s", "viewer", frozenset(), frozenset(),
                     decides=False)  # fmt: skip
    before = await list_all(office, PROBATION, referral)
    await office.reading.open(nothing, [request])
    assert await list_all(office, PROBATION, referral) == before


async def test_a_page_costs_the_same_however_many_cases_and_openings_there_are(
    office: Office,
) -> None:
    referral = await special(office)
    request = await request_of(office, referral)
    case = await case_of(office, referral)
    await office.owner.execute(
        "INSERT INTO log_entry (id, at, kind, agency_id, case_id, referral_id, message_id,"
        " agencies, detail) SELECT gen_random_uuid(), $4::timestamptz + n * interval '1 second',"
        " 'disclosure', $3, NULL, NULL, $1, ARRAY[$2, $3], '{\"classes\": [\"C0\"]}'"
        " FROM generate_series(1, 20000) AS n",
        request,
        PROBATION,
        CENTER,
        START,
    )
    async with office.owner.acquire() as connection, connection.transaction():
        await connection.execute("ANALYZE log_entry")
    after: Key | None = None
    for _ in range(3):
        page, read = await read_and_count(office, case, after)
        assert len(page) == 50
        assert read < 2000
        after = key_of(page[-1]["key"])


async def read_and_count(
    office: Office, case: UUID, after: Key | None
) -> tuple[list[dict[str, Any]], int]:
    """A page of the office's list, and how many rows of the log were read for it."""
    query = (
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
        " WHERE relname = 'log_entry'"
    )
    async with office.owner.acquire() as connection, connection.transaction():
        before = await connection.fetchval(query)
        text = await connection.fetchval(
            LIST, PROBATION, case, None, None, None,
            json.dumps([str(p) if isinstance(p, UUID) else p for p in after]) if after else None,
            50, 500,
        )  # fmt: skip
        read = await connection.fetchval(query) - before
    return json.loads(text)["items"], read


async def test_a_copy_that_goes_back_with_its_consent_is_told_to_both_sides(
    office: Office,
) -> None:
    referral = await special(office, TO_ACCEPTED[:4])
    request = await request_of(office, referral)
    office.clock.now += timedelta(hours=2)
    withdrawing = saying("special_adjustment.withdraw_consent", referral)
    await office.exchange.accept(withdrawing, seat(PROBATION))
    for agency in (PROBATION, CENTER):
        of_center = [
            (d.how, d.at)
            for d in await list_all(office, agency, referral)
            if d.message_id == request and d.agency_id == CENTER
        ]
        assert of_center == [("received", START), ("withdrawn", office.clock.now)]
    assert "withdrawn" not in {d.how for d in await list_all(office, PRISON, referral)}


OPENED = """
    INSERT INTO log_entry (id, at, kind, agency_id, seat_id, message_id, agencies, detail)
    SELECT gen_random_uuid(), $4::timestamptz + n * interval '1 second', 'disclosure', $3, $3,
        $1, ARRAY[$2, $3], '{"classes": ["C0", "C1"]}' FROM generate_series(1, $5::integer) AS n
"""


async def test_however_often_one_agency_opens_a_message_it_is_one_line_of_the_sheet(
    office: Office,
) -> None:
    referral = await special(office)
    case = await case_of(office, referral)
    once = await office.disclosures.summarize(PROBATION, case)
    before = once.agencies()
    request = await request_of(office, referral)
    await office.owner.execute(OPENED, request, PROBATION, CENTER, START, 510)
    summary = await office.disclosures.summarize(PROBATION, case)
    assert summary.count == once.count + 1  # the others were not even read
    told = summary.agencies()
    assert told.keys() == before.keys() > {CENTER, PRISON}
    assert {a: (len(t.messages), len(t.notes), t.rest) for a, t in told.items()} == {
        a: (len(t.messages), len(t.notes), t.rest) for a, t in before.items()
    }
    (line,) = [m for m in told[CENTER].messages if m.message_id == request]
    assert line.first == {"received": START, "opened": START + timedelta(seconds=1)}


async def test_what_one_party_sends_pushes_nothing_off_the_sheet_that_another_was_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.adapters.disclosures.listing.MOST_LOOKED_AT", 40)
    referral = await special(office, TO_ASSESSING)
    case = await case_of(office, referral)
    for _ in range(60):
        moved = saying("special_adjustment.change_custody", referral)
        await office.exchange.accept(moved, seat(PRISON))
    whole, short = Summary(), Summary(30)
    for each in (whole, short):
        each.take(await list_all(office, PROBATION, referral))
    assert (await office.disclosures.summarize(PROBATION, case)).agencies() == whole.agencies()
    told = short.agencies()[PROBATION]
    assert CENTER in {message.from_agency for message in told.messages}
    lines = [m for m in told.messages if m.from_agency == PRISON]
    (rest,) = told.rest
    assert len(lines) < 30 < len(lines) + len(rest.messages) == 61
    classes = {m.message_id: m.classes for m in whole.agencies()[PROBATION].messages}
    assert rest.classes == set[DataClass]().union(*(classes[m] or () for m in rest.messages))
    assert rest.classes >= {DataClass.C0, DataClass.C4}


async def test_a_reader_that_the_sender_does_not_know_makes_the_sheet_no_longer_and_is_not_on_it(
    office: Office,
) -> None:
    parent, _, request = await shown_to_another(office)
    case = await case_of(office, parent)
    before = (await office.disclosures.summarize(PROBATION, case)).agencies()
    unnamed = OPENED.replace("ARRAY[$2, $3]", "array_remove(ARRAY[$2, $3], $2)")
    await office.owner.execute(unnamed, request, PROBATION, OTHER_CENTER, START, 12_000)
    assert (await office.disclosures.summarize(PROBATION, case)).agencies() == before
