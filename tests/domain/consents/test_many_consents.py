"""What a decision costs in a case where parties have recorded as many consents as they may."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.classes import ROUTING, DataClass
from app.domain.consents.consent import Consent, ConsentRecord, serves
from app.domain.consents.overlap import Given, Items
from app.domain.decisions.reach import MOST_CONSENTS
from app.domain.directory.agencies import Agency, Directory
from app.domain.errors import TooManyConsents
from tests.support import cases
from tests.support.cases import DIRECTORY, NOW, SHORT, Play, agency, regional, special

RECIPIENTS = 50
MANY = [f"prison-{number}" for number in range(2 * RECIPIENTS)]
TODAY = date(2026, 4, 1)
FLOW = "special_adjustment"
names = st.sampled_from(["prison-fuchu", "prison-osaka", "prison", "center-13", "center-27"]) | (
    st.just("settlement_center")
)
classes = st.frozensets(st.sampled_from([DataClass.C0, DataClass.C1, DataClass.C4]), min_size=1)
records = st.builds(
    ConsentRecord,
    st.uuids(),
    st.sampled_from([FLOW, "regional", "health", "of its own"]),
    st.lists(names, min_size=1, max_size=3).map(tuple),
    classes,
    st.just(TODAY),
)


def kind(name: str) -> str | None:
    found = DIRECTORY.agency(name)
    return found.kind if found else None


def is_one_recipient(one: str, other: str) -> bool:
    return one == other or kind(one) == other or one == kind(other)


def have_one_use(one: ConsentRecord, other: ConsentRecord) -> bool:
    """The rule for two consents, as the page of consents says it."""
    both_serve = serves(one.purpose, FLOW) and serves(other.purpose, FLOW)
    in_common = (is_one_recipient(a, b) for a in one.recipients for b in other.recipients)
    return (one.purpose == other.purpose or both_serve) and any(in_common)


@given(st.lists(records, max_size=4), records)
def test_consents_are_compared_at_once_as_they_would_be_pair_by_pair(
    some: list[ConsentRecord], one: ConsentRecord
) -> None:
    of_some = Given(FLOW, some, DIRECTORY)
    assert of_some.is_for_use_of(one) == any(have_one_use(one, each) for each in some)
    assert of_some.overlaps(one) == any(
        have_one_use(one, each) and bool((one.classes & each.classes) - ROUTING) for each in some
    )
    assert bool(of_some) == bool(some)


@given(st.lists(names | classes.map(min), min_size=1, max_size=3), records)
def test_items_concern_a_consent_by_class_agency_or_kind(
    items: list[str], record: ConsentRecord
) -> None:
    expected = any(
        item in record.classes or any(is_one_recipient(item, r) for r in record.recipients)
        for item in items
    )
    assert Items(items, DIRECTORY).concern(record) == expected


class CountingDirectory(Directory):
    """A directory that counts how often it is asked for an agency."""

    asked = 0

    def agency(self, agency_id: str) -> Agency | None:
        type(self).asked += 1
        return super().agency(agency_id)


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch) -> type[CountingDirectory]:
    listed = [each for name in SHORT.values() if (each := DIRECTORY.agency(name))]
    large = CountingDirectory.of([*listed, *(agency(name, "prison") for name in MANY)])
    monkeypatch.setattr(cases, "DIRECTORY", large)
    return CountingDirectory


def recorded(referral: UUID, start: int, **changes: Any) -> Iterator[Consent]:
    """As many consents as one agency may record, each with other recipients than the next."""
    for number in range(MOST_CONSENTS):
        first = (start + number) % len(MANY)
        named = tuple((MANY * 2)[first : first + RECIPIENTS])
        every = frozenset(DataClass)
        record = ConsentRecord(uuid4(), "regional", named, every, TODAY)
        yield Consent(record, referral, **changes)


def case_full_of_consents() -> tuple[Play, list[str], list[str]]:
    """A case with some hundreds of consents; some that stand and some that were withdrawn above."""
    play, child = regional()
    withdrawal: dict[str, Any] = {"withdrawn_on": NOW.date(), "withdrawn_by": uuid4()}
    standing = [*recorded(play.main, 0), *recorded(play.main, RECIPIENTS)]
    gone = [*recorded(play.main, 0, **withdrawal), *recorded(play.main, 7, **withdrawal)]
    below = [*recorded(child, 3), *recorded(child, 5, **withdrawal)]
    play.case = replace(play.case, consents=(*play.case.consents, *standing, *gone, *below))
    ids = [[str(c.record.id) for c in some] for some in (standing, gone)]
    return play, ids[0], ids[1]


SHAPES = {
    "a withdrawal by name": ("withdraw_consent", "standing"),
    "a withdrawal of all": ("withdraw_consent", ""),
    "a retraction": ("retract_withdrawal", "gone"),
    "another message": ("change_custody", ""),
}


@pytest.mark.parametrize("suspended", [False, True])
@pytest.mark.parametrize("shape", [*SHAPES, "a renewal"])
def test_the_directory_is_asked_a_few_times_for_each_recipient(
    directory: type[CountingDirectory], shape: str, suspended: bool
) -> None:
    play, standing, gone = case_full_of_consents()
    if suspended or shape == "a renewal":
        play.send("probation withdraw_consent", consent_ids=standing[:1])
    event, which = SHAPES.get(shape, ("renew_consent", ""))
    named = {"standing": standing[1:51], "gone": gone[:50]}.get(which)
    changes: dict[str, Any] = {"consent_ids": named} if named else {}
    if event == "renew_consent":
        changes = {"consent_id": str(uuid4()), "recipients": MANY[:RECIPIENTS]}
    directory.asked = 0
    play.send(f"probation {event}", **changes)
    assert directory.asked < 4 * RECIPIENTS * len(play.case.consents)


def test_an_agency_records_some_dozens_of_consents_in_a_case_and_keeps_nobody_from_it() -> None:
    play = special()
    center = "probation start_selection\nprobation record_consent\n"
    play.run(center)
    for _ in range(MOST_CONSENTS):
        play.send("prison record_consent", consent_id=str(uuid4()))
    for seat in ("prison", "prison~"):
        with pytest.raises(TooManyConsents) as refused:
            play.send(f"{seat} record_consent", consent_id=str(uuid4()))
    assert refused.value.facts == {"limit_consents": MOST_CONSENTS}
    play.send("probation withdraw_consent")
    with pytest.raises(TooManyConsents):
        play.send("prison renew_consent", consent_id=str(uuid4()))
    play.send("probation renew_consent", consent_id=str(uuid4()))


def test_what_an_agency_recorded_in_a_child_counts_too() -> None:
    play, child = regional()
    mine = sum(c.recorded_by == SHORT["center"] for c in play.case.consents)
    for _ in range(MOST_CONSENTS - mine):
        play.send("center record_consent", child, consent_id=str(uuid4()))
    with pytest.raises(TooManyConsents):
        play.send("center record_consent", consent_id=str(uuid4()))
    play.send("center27 record_consent", child, consent_id=str(uuid4()))
