"""Calls of one kind that an agency may have under way, and that none takes the turns of another."""

import asyncio
from uuid import UUID, uuid4

import pytest

from app.adapters.database.shares import CallsAtOnce, Shares, about, claim


class Crowd:
    """Calls that have a turn until they are let go."""

    def __init__(self, turns: CallsAtOnce) -> None:
        self.turns = turns
        self.inside: list[str] = []
        self.end = asyncio.Event()

    async def call(self, agency: str, client: str) -> None:
        async with self.turns.turn(agency, client):
            self.inside.append(client)
            await self.end.wait()


async def test_clients_of_one_agency_share_its_turns_and_others_have_their_own() -> None:
    crowd = Crowd(CallsAtOnce(3, 2, wait=0.05))
    async with asyncio.timeout(5):
        calls = [crowd.call("one", client) for client in ("a", "a", "a", "b", "b", "c", "d")]
        tasks = [asyncio.create_task(call) for call in (*calls, crowd.call("other", "x"))]
        done, waiting = await asyncio.wait(tasks, timeout=0.5)
        assert sorted(crowd.inside) == ["a", "a", "b", "x"]
        assert all(isinstance(task.exception(), TimeoutError) for task in done)
        assert len(done) == 4
        crowd.end.set()
        await asyncio.gather(*waiting)


async def test_a_turn_that_ends_is_the_next_ones_and_nothing_of_it_stays() -> None:
    turns = CallsAtOnce(1, 1, wait=5.0)
    for _ in range(3):
        async with turns.turn("one", "a"):
            pass
    with pytest.raises(ZeroDivisionError):
        async with turns.turn("one", "b"):
            raise ZeroDivisionError
    async with turns.turn("one", "c"):
        assert turns._turns._turns.keys() == {("client", "c"), ("agency", "one")}
    assert not turns._turns._turns


async def test_clients_of_one_agency_take_turns_however_many_calls_one_makes() -> None:
    turns, inside, end = CallsAtOnce(1, 1, wait=5.0), [], asyncio.Event()

    async def call(client: str) -> None:
        async with turns.turn("one", client):
            inside.append(client)
            await end.wait()

    calls = [asyncio.create_task(call(client)) for client in (*"a" * 40, "b", "c")]
    for _ in range(5):
        await asyncio.sleep(0)
    assert inside == ["a"]
    end.set()
    await asyncio.gather(*calls)
    assert set(inside[:4]) == {"a", "b", "c"}
    assert not turns._turns._lines


class Calls:
    """Calls with a pool of four connections, each until it is ended."""

    def __init__(self) -> None:
        self.shares = Shares(4)
        self.inside: list[str] = []

    def start(
        self, agency: str, subject: str, client: str = "", case: UUID | None = None
    ) -> tuple[asyncio.Task[None], asyncio.Event]:
        end = asyncio.Event()

        async def call() -> None:
            claim(agency, client or f"{agency}.a", subject)
            if case is not None:
                about(case)
            keys: list[tuple[str, ...]] = []
            try:
                await self.shares.enter(keys)
                self.inside.append(agency)
                await end.wait()
            finally:
                self.shares.leave(keys)

        return asyncio.create_task(call()), end

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


async def end_all(*calls: tuple[asyncio.Task[None], asyncio.Event]) -> None:
    for _, end in calls:
        end.set()
    async with asyncio.timeout(5):
        await asyncio.gather(*(task for task, _ in calls))


async def test_whoever_fills_its_own_share_does_not_keep_a_party_from_its_case() -> None:
    calls, case = Calls(), str(uuid4())
    own = [calls.start("stranger", str(uuid4())) for _ in range(2)]
    await calls.settle()
    flood = [calls.start("stranger", case) for _ in range(30)]
    await calls.settle()
    party = calls.start("party", case)
    await calls.settle()
    assert calls.inside == ["stranger", "stranger", "party"]
    await end_all(*own, *flood, party)
    assert not calls.shares._turns
    assert not calls.shares._lines


async def test_calls_of_one_agency_about_a_case_leave_another_ones_reads_alone() -> None:
    calls, case = Calls(), str(uuid4())
    many = [calls.start("one", case) for _ in range(30)]
    await calls.settle()
    other = calls.start("other", case)
    await calls.settle()
    assert calls.inside == ["one", "other"]
    await end_all(*many, other)


async def test_every_spelling_of_an_id_is_the_same_subject() -> None:
    calls, case = Calls(), uuid4()
    spellings = (str(case), str(case).upper(), case.hex, f"{{{case}}}", case.urn)
    started = [calls.start("one", spelling) for spelling in spellings]
    await calls.settle()
    assert calls.inside == ["one"]
    await end_all(*started)


async def test_a_case_that_is_held_takes_half_of_all_connections_at_most() -> None:
    calls, case = Calls(), str(uuid4())
    held = [calls.start(f"party {n}", case) for n in range(8)]
    await calls.settle()
    other = calls.start("other", str(uuid4()))
    await calls.settle()
    assert calls.inside == ["party 0", "party 1", "other"]
    await end_all(*held, other)


async def test_agencies_that_write_to_one_case_take_turns_however_many_calls_one_makes() -> None:
    calls, case = Calls(), uuid4()
    many = [calls.start("one", str(case), case=case) for _ in range(30)]
    other = calls.start("other", str(case), case=case)
    await calls.settle()
    assert calls.inside == ["one"]
    many[0][1].set()
    await calls.settle()
    many[1][1].set()
    await calls.settle()
    assert "other" in calls.inside
    assert len(calls.inside) <= 3
    await end_all(*many, other)


async def test_a_call_that_is_given_up_while_it_waits_leaves_no_trace() -> None:
    calls, case = Calls(), str(uuid4())
    first, waits = calls.start("one", case), calls.start("one", case)
    await calls.settle()
    waits[0].cancel()
    await asyncio.gather(waits[0], return_exceptions=True)
    assert not calls.shares._lines
    await end_all(first)
    assert not calls.shares._turns
