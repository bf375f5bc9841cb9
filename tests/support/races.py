"""Races whose order is left to chance, and which are tests only if each order came about."""

from collections.abc import Awaitable, Callable

MOST = 10
"""How many times as many rounds a race may take until each order came about."""


async def expect_both_orders(race: Callable[[], Awaitable[bool]], rounds: int) -> None:
    """Run a race in so many rounds, and in more until it has been won by each side.

    Args:
        race: whether one side came first; a function of its own for each round.
        rounds: how often at least. On a busy machine one side can win all of them.
    """
    orders = [await race() for _ in range(rounds)]
    while len(set(orders)) < 2 and len(orders) < MOST * rounds:
        orders.append(await race())
    assert set(orders) == {True, False}, "both orders have to happen for this to be a test"
