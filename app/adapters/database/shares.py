"""Bounded shares of a pool, so that one caller, or one case that is held, cannot take all of it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

_claims: ContextVar[tuple[str, str] | None] = ContextVar("claims", default=None)


@contextmanager
def claims_of(caller: str) -> Iterator[None]:
    """Let the block use the pool for a caller, unless `claim` names another one."""
    token = _claims.set((caller, ""))
    try:
        yield
    finally:
        _claims.reset(token)


def claim(caller: str, subject: str = "") -> None:
    """Let the rest of this task use the pool for a caller, and for what it asks about.

    Work of the service itself claims nothing, and is not bounded.

    Args:
        caller: who calls: a client, or all those together that did not say who they are.
        subject: the referral or case that the call is about, if it is about one.
    """
    _claims.set((caller, subject))


def about(subject: str) -> None:
    """Let the rest of this task use the pool for this referral or case, as its caller."""
    if (claims := _claims.get()) is not None:
        _claims.set((claims[0], subject))


def of_caller(size: int) -> int:
    """How many of `size` connections one caller may have at a time."""
    return max(1, size // 2)


def of_subject(size: int) -> int:
    """How many of `size` connections all calls about one referral or case may have at a time."""
    return max(1, size // 4)


@dataclass(slots=True)
class _Turns:
    free: asyncio.Semaphore
    users: int = 0
    """Calls that have a turn, or wait for one."""


@dataclass(slots=True)
class Shares:
    """The turns that calls have and wait for, by what they claim; of nothing else any trace."""

    size: int
    """Connections of the pool."""
    _turns: dict[tuple[str, str], _Turns] = field(default_factory=dict)

    async def enter(self, keys: list[tuple[str, str]]) -> None:
        """Wait for a turn under every claim of this task. `keys` gets those that it has to leave.

        The subject first: whoever waits for a case that is held does not keep the caller from
        calling about others.
        """
        for key, most in self._claims_to_count():
            turns = self._turns.get(key)
            if turns is None:
                turns = self._turns[key] = _Turns(asyncio.Semaphore(most))
            turns.users += 1
            try:
                await turns.free.acquire()
            except BaseException:
                self._forget(key, turns)
                raise
            keys.append(key)

    def leave(self, keys: list[tuple[str, str]]) -> None:
        """Give the turns back."""
        while keys:
            key = keys.pop()
            turns = self._turns[key]
            turns.free.release()
            self._forget(key, turns)

    def _claims_to_count(self) -> Iterator[tuple[tuple[str, str], int]]:
        claims = _claims.get()
        if claims is not None:
            caller, subject = claims
            if subject:
                yield ("subject", subject), of_subject(self.size)
            yield ("caller", caller), of_caller(self.size)

    def _forget(self, key: tuple[str, str], turns: _Turns) -> None:
        turns.users -= 1
        if not turns.users:
            del self._turns[key]
