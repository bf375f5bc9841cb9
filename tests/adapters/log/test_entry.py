"""Entries of the log are made in one place."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from app.adapters.ids import time_ordered_id
from app.adapters.log.entry import LogEntry, log_entry
from tests.support.callers import seat

AT = datetime(2026, 11, 23, 1, 15, tzinfo=UTC)


def test_an_entry_names_its_caller_and_is_for_the_callers_agency_unless_others_are_named() -> None:
    caller = seat("center-13")
    entry, shared = (
        log_entry(AT, "export", {"format": "pdf"}, caller, agencies)
        for agencies in (None, ["probation-13", "center-13", "probation-13"])
    )
    assert (entry.agency_id, entry.seat_id, entry.client_id) == (
        "center-13",
        "center-13.decider",
        "center-13.system",
    )
    assert entry.agencies == ("center-13",)
    assert shared.agencies == ("center-13", "probation-13")


def test_an_entry_without_a_caller_names_nobody_and_is_for_nobody() -> None:
    entry = log_entry(AT, "administration", {}, None)
    assert (entry.agency_id, entry.seat_id, entry.client_id, entry.agencies) == (
        None,
        None,
        None,
        (),
    )


def test_an_entry_has_the_id_that_a_receipt_named_or_a_new_one() -> None:
    named = time_ordered_id(AT)
    assert log_entry(AT, "acceptance", {}, None, entry_id=named).row()["id"] == str(named)
    one, two = (log_entry(AT, "acceptance", {}, None).row()["id"] for _ in range(2))
    assert UUID(one) != UUID(two)


def test_nobody_but_its_module_makes_an_entry() -> None:
    with pytest.raises(TypeError):
        LogEntry(object(), uuid4(), "acceptance", None, None, None, (), {}, None, None, None)
