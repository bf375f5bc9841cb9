"""Calls of one kind that an agency may have under way, and that none takes the turns of another."""

import asyncio

import pytest

from app.adapters.database.shares import CallsAtOnce


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
