"""Every function takes its locks in the one order that `accept` names."""

import re
from collections.abc import Iterator, Mapping

import asyncpg
import pytest

ORDER = {
    "case": r'(?:UPDATE|FROM|JOIN) "case"(?=[^;]*(?:FOR (?:UPDATE|SHARE)|SET version))',
    "deadlines": r"(?:INSERT INTO|DELETE FROM|UPDATE) deadline\b",
    "notices": r"UPDATE notice\b|FROM notice\b(?=[^;]*FOR NO KEY UPDATE)",
    "mailboxes": r"UPDATE mailbox\b|FROM mailbox\b(?=[^;]*FOR UPDATE)",
    "counts of the day": r"INSERT INTO day_count\b",
}
"""What several transactions lock, in the order in which each does so, and how it is locked.

Mailboxes and counts are shared by all cases of an agency. A notice that is inserted is new, and
nobody waits for it.
"""

LOCKED_OTHERWISE = {
    "add_webhook": "the notices are those of the webhook that it makes",
}
"""Functions that lock in another order, and why nobody waits for them."""

FUNCTIONS = """
    SELECT proname AS name, prosrc AS source FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
"""


@pytest.fixture(scope="module")
async def sources(owner: asyncpg.Pool) -> Mapping[str, str]:
    """The text of every function of ours, by name, without comments."""
    rows = await owner.fetch(FUNCTIONS)
    return {row["name"]: re.sub(r"--.*", "", row["source"] or "") for row in rows}


def locks(sources: Mapping[str, str], name: str) -> Iterator[str]:
    """What a function locks, and what the functions lock that it calls, as the text has it."""
    marks = "|".join(f"(?P<lock{n}>{pattern})" for n, pattern in enumerate(ORDER.values()))
    for mark in re.finditer(rf"{marks}|\b(?P<call>\w+)\(", sources[name]):
        if mark["call"] is None:
            yield list(ORDER)[int(str(mark.lastgroup).removeprefix("lock"))]
        elif mark["call"] in sources and mark["call"] != name:
            yield from locks(sources, mark["call"])


def out_of_order(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """The functions that lock something for the first time after what comes later."""
    first = {name: list(dict.fromkeys(locks(sources, name))) for name in sources}
    return {
        name: taken for name, taken in first.items() if taken != sorted(taken, key=[*ORDER].index)
    }


async def test_every_function_takes_its_locks_in_one_order(sources: Mapping[str, str]) -> None:
    assert set(out_of_order(sources)) == set(LOCKED_OTHERWISE)


async def test_each_kind_of_lock_is_seen_in_the_message_that_is_accepted(
    sources: Mapping[str, str],
) -> None:
    assert set(locks(sources, "accept")) == set(ORDER)


async def test_counts_before_mailboxes_are_seen(sources: Mapping[str, str]) -> None:
    late = "BEGIN PERFORM count_today(a, b, c); PERFORM deliver(a, b); END"
    assert "late" in out_of_order({**sources, "late": late})


async def test_deadlines_after_mailboxes_are_seen(sources: Mapping[str, str]) -> None:
    late = "BEGIN PERFORM hold_mailboxes(a, b); PERFORM write_deadlines(a); END"
    assert "late" in out_of_order({**sources, "late": late})


# Notices: several transactions change some of the same, so they are locked by id first.

LOCKED_SINGLY = {
    "claim_notices": "it leaves out what another transaction has locked, and waits for nothing",
    "resume_notices": "likewise: whoever calls it may have locked others",
}


def changed_unordered(sources: Mapping[str, str]) -> set[str]:
    """The functions that change notices which they have not locked in order."""
    return {
        name
        for name, source in sources.items()
        if (change := re.search(r"UPDATE notice\b", source))
        and "hold_notices(" not in source[: change.start()]
    }


def locked_repeatedly(sources: Mapping[str, str]) -> set[str]:
    """The functions that lock notices in a loop, or in two calls, which have no order."""
    found = set[str]()
    for name, source in sources.items():
        calls = [c.start() for c in re.finditer(r"\b(?:hold|cancel)_notices\(", source)]
        in_loop = any(
            source.count(" LOOP", 0, at) > 2 * source.count("END LOOP", 0, at) for at in calls
        )
        if len(calls) > 1 or in_loop:
            found.add(name)
    return found


async def test_notices_are_locked_by_id_before_several_are_changed(
    sources: Mapping[str, str],
) -> None:
    assert changed_unordered(sources) == set(LOCKED_SINGLY)
    assert all("SKIP LOCKED" in sources[name] for name in LOCKED_SINGLY)
    assert locked_repeatedly(sources) == set()


async def test_notices_that_are_changed_unlocked_or_one_call_after_the_other_are_seen(
    sources: Mapping[str, str],
) -> None:
    late = "BEGIN UPDATE notice SET state = 'x'; PERFORM hold_notices(a); END"
    looped = "BEGIN FOR a IN SELECT 1 LOOP PERFORM cancel_notices(a, b, c, d); END LOOP; END"
    twice = "BEGIN PERFORM hold_notices(a); PERFORM cancel_notices(a, b, c, d); END"
    more = {**sources, "late": late, "looped": looped, "twice": twice}
    assert "late" in changed_unordered(more)
    assert locked_repeatedly(more) == {"looped", "twice"}
