"""How many calls may wait for an inbox, and which of them is answered early."""

import asyncio
from contextlib import ExitStack

import pytest

from app.adapters.inbox import waiting
from app.adapters.inbox.waiting import Poller, WaitingCalls


def begin(calls: WaitingCalls, stack: ExitStack, poller: Poller) -> asyncio.Event:
    event = asyncio.Event()
    stack.enter_context(calls.waiting(poller, event))
    return event


def test_a_client_leaves_waits_to_the_others_of_its_agency_and_that_to_other_agencies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "MOST_WAITING", 4)
    monkeypatch.setattr(waiting, "MOST_OF_A_CLIENT", 3)
    calls = WaitingCalls()
    with ExitStack() as stack:
        for _ in range(3):
            begin(calls, stack, Poller("a", "one", "here"))
        assert not calls.may_wait(Poller("a", "one", "there"))
        assert calls.may_wait(Poller("a", "two", "here"))
        begin(calls, stack, Poller("a", "two", "here"))
        assert not calls.may_wait(Poller("a", "three", "here"))
        assert calls.may_wait(Poller("b", "one", "here"))
    assert calls.may_wait(Poller("a", "one", "here"))
    assert not calls._counts
    assert not calls._by_address


def test_the_one_that_has_waited_longest_is_answered_there_or_anywhere() -> None:
    calls = WaitingCalls()
    with ExitStack() as stack:
        events = [begin(calls, stack, Poller(f"a{n}", "c", f"net{n % 2}")) for n in range(4)]
        assert calls.answer_oldest("net1")
        assert [event.is_set() for event in events] == [False, True, False, False]
        assert calls.answer_oldest(None)
        assert calls.answer_oldest(None)
        assert [event.is_set() for event in events] == [True, True, True, False]
        assert not calls.answer_oldest("net0")
        assert calls.answer_oldest("net1")
        assert not calls.answer_oldest(None)


def test_of_too_many_in_all_the_oldest_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST_IN_ALL", 3)
    calls = WaitingCalls()
    with ExitStack() as stack:
        events = [begin(calls, stack, Poller(f"a{n}", "c", "net")) for n in range(5)]
        assert [event.is_set() for event in events] == [True, True, False, False, False]
