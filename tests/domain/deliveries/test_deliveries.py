"""By when a message is acknowledged, where its copies stand, and which days a recall starts."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.domain.calendar.clock import JAPAN
from app.domain.deliveries.delivery import STATUSES, Delivery
from app.domain.deliveries.explanation import NOTHING, WHERE, explain, explain_notice
from app.domain.deliveries.recall import (
    HeldCopy,
    ReadCopy,
    RecallReason,
    copies_to_recall,
    report_days,
    request_expires,
)
from app.domain.deliveries.terms import terms
from app.domain.errors import AlreadyRecalled, Invalid

FRIDAY = datetime(2026, 11, 20, 16, 30, tzinfo=JAPAN)
HOUR = timedelta(hours=1)


def midnight(year: int, month: int, day: int) -> datetime:
    """The end of the day before."""
    return datetime(year, month, day, tzinfo=JAPAN)


@pytest.mark.parametrize(
    ("message_type", "urgency", "at", "overdue", "failed"),
    [
        ("suspect_support.accept", "same_day", FRIDAY, FRIDAY + 2 * HOUR, FRIDAY + 4 * HOUR),
        ("suspect_support.consult", "urgent", FRIDAY, FRIDAY + 4 * HOUR, FRIDAY + 8 * HOUR),
        # The 21st and 22nd are a weekend, the 23rd is 勤労感謝の日.
        (
            "special_adjustment.accept",
            "normal",
            FRIDAY,
            midnight(2026, 11, 27),
            midnight(2026, 12, 2),
        ),
        (
            "special_adjustment.change_custody",
            "normal",
            FRIDAY,
            midnight(2026, 11, 25),
            midnight(2026, 11, 26),
        ),
        # 29 December to 3 January is closed, and 2027 begins with a weekend.
        (
            "regional_coordination.request",
            "normal",
            datetime(2026, 12, 28, 9, tzinfo=JAPAN),
            midnight(2027, 1, 7),
            midnight(2027, 1, 13),
        ),
    ],
)
def test_what_is_urgent_runs_by_the_clock_and_the_rest_by_business_days(
    message_type: str, urgency: str, at: datetime, overdue: datetime, failed: datetime
) -> None:
    due = terms(message_type, urgency, at)
    assert (due.overdue_at, due.failed_at) == (overdue, failed)


def test_the_day_is_japans_wherever_the_clock_is() -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=JAPAN)
    utc = datetime.fromisoformat("2026-11-24T14:30:00+00:00")
    assert terms("special_adjustment.accept", "normal", late) == terms(
        "special_adjustment.accept", "normal", utc
    )


def test_the_status_is_the_last_thing_that_counts() -> None:
    at = FRIDAY
    steps: list[tuple[dict[str, object], str]] = [
        ({}, "waiting"),
        ({"notified_at": at}, "notified"),
        ({"opened_at": at}, "opened"),
        ({"acknowledged_at": at}, "acknowledged"),
        ({"recalled_at": at}, "recalled"),
    ]
    known: dict[str, object] = {}
    for more, status in steps:
        known |= more
        copy = Delivery("center", "center-13", False, None, **known)  # type: ignore[arg-type]
        assert copy.status == status
    paper = Delivery("institution", "prison-yokohama", True, None)
    assert paper.status == "to_print"
    assert Delivery("c", "c", True, None, printed_at=at).status == "printed"
    gone = Delivery("c", "c", False, None, notified_at=at, undeliverable="agency_disabled")
    assert gone.status == "undeliverable"
    assert Delivery("c", "c", False, None, opened_at=at, undeliverable="party_ended").status in (
        set(STATUSES) - {"undeliverable"}
    )


def test_a_late_acknowledgement_stays_late() -> None:
    due = terms("special_adjustment.accept", "urgent", FRIDAY)

    def lateness(at: datetime, acknowledged_at: datetime | None = None) -> str | None:
        copy = Delivery("c", "c", False, due, acknowledged_at=acknowledged_at)
        return copy.lateness(at)

    assert lateness(FRIDAY + 3 * HOUR) is None
    assert lateness(FRIDAY + 4 * HOUR) == "overdue"
    assert lateness(FRIDAY + 8 * HOUR) == "failed"
    assert lateness(FRIDAY + 90 * HOUR, FRIDAY + 5 * HOUR) == "overdue"
    assert lateness(FRIDAY + 90 * HOUR, FRIDAY + HOUR) is None
    assert Delivery("c", "c", False, None).lateness(FRIDAY + 90 * HOUR) is None


def test_the_clocks_count_the_day_on_which_it_became_known_and_end_on_an_open_day() -> None:
    found = report_days(datetime(2026, 12, 1, 10, tzinfo=JAPAN))
    assert (found.preliminary_from, found.preliminary_by) == (date(2026, 12, 3), date(2026, 12, 5))
    assert found.final_by == date(2027, 1, 4)  # the thirtieth day is 30 December
    assert found.final_by_if_malicious == date(2027, 1, 29)


def copy(agency_id: str, *, named: bool = True, recalled_for: str | None = None) -> HeldCopy:
    """A copy that nobody has opened."""
    return HeldCopy(agency_id, "center", uuid4(), named, False, (), False, recalled_for)


def test_a_recall_takes_back_every_copy_or_those_of_named_recipients() -> None:
    copies = [copy("a"), copy("b"), copy("shown", named=False)]
    reason = RecallReason.WRONG_RECIPIENT
    assert copies_to_recall(copies, reason, None) == tuple(copies)
    assert copies_to_recall(copies, reason, ["b"]) == (copies[1],)
    for unknown in ("shown", "nobody"):
        with pytest.raises(Invalid) as refused:
            copies_to_recall(copies, reason, ["a", unknown])
        assert refused.value.facts["errors"] == [
            {"pointer": "/recipients/1", "reason": "no_recipient"}
        ]
    with pytest.raises(Invalid):
        copies_to_recall([], reason, None)


def test_a_copy_is_recalled_once() -> None:
    reason = RecallReason.WRONG_RECIPIENT
    copies = [copy("a", recalled_for=reason), copy("b")]
    assert copies_to_recall(copies, reason, None) == (copies[1],)
    assert copies_to_recall(copies, reason, ["a"]) == ()
    with pytest.raises(AlreadyRecalled):
        copies_to_recall(copies, RecallReason.TOO_MUCH, ["a"])


def test_a_copy_that_was_opened_or_printed_is_disclosed() -> None:
    opened = ReadCopy("printed", FRIDAY, "center-13.decider", ("C0",))
    assert HeldCopy("a", "center", UUID(int=1), True, True, (opened,)).disclosed
    assert not copy("a").disclosed


@pytest.mark.parametrize("to_sender", [True, False])
@pytest.mark.parametrize(
    "became",
    [
        {},
        {"notified_at": FRIDAY},
        {"opened_at": FRIDAY},
        {"acknowledged_at": FRIDAY, "acknowledged_by": "center-13.decider"},
        {"to_print": True},
        {"to_print": True, "printed_at": FRIDAY, "printed_by": "center-13.decider"},
        {"recalled_at": FRIDAY},
        {"recalled_at": FRIDAY, "recall_reason": "consent_withdrawn"},
        {"recalled_at": FRIDAY, "misdirected_disclosure_id": UUID(int=7)},
        {"undeliverable": "agency_disabled"},
        {"undeliverable": "party_ended"},
    ],
)
def test_whatever_became_of_a_copy_is_said_in_full_in_both_languages(
    became: dict[str, Any], to_sender: bool
) -> None:
    due = terms("special_adjustment.accept", "urgent", FRIDAY)
    found = Delivery(**{"party": "c", "agency_id": "c", "to_print": False, "terms": due, **became})
    for at in (FRIDAY, FRIDAY + 5 * HOUR, FRIDAY + 9 * HOUR):
        words = explain(found, at, to_sender=to_sender)
        for text in (words.where, words.following, words.todo):
            assert "{" not in text.ja + text.en
            assert text.en.replace("…", "").isascii()
            assert not text.ja.isascii()
    assert len(WHERE) == 2 * 11


def test_a_sender_is_told_to_call_only_once_it_is_late() -> None:
    due = terms("special_adjustment.accept", "urgent", FRIDAY)
    waiting = Delivery("c", "c", False, due)
    assert explain(waiting, FRIDAY, to_sender=True).todo == NOTHING
    assert "Call" in explain(waiting, FRIDAY + 5 * HOUR, to_sender=True).todo.en


def test_a_notice_to_a_stopped_endpoint_says_so() -> None:
    said = explain_notice("pending", None, "paused", "id", FRIDAY)
    assert "stopped" in said.en
    assert "2026-11-20 16:30" in explain_notice("pending", None, "active", "id", FRIDAY).en
    assert explain_notice("cancelled", "a new reason", "active", "id", None).en


def test_a_request_to_give_a_copy_back_lapses_after_ten_business_days() -> None:
    monday = datetime(2026, 6, 1, 10, tzinfo=JAPAN)
    assert request_expires(monday) == datetime(2026, 6, 16, tzinfo=JAPAN)
