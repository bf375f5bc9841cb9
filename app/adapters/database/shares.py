"""Bounded shares of what all calls use, so that one agency, or one case that is held, cannot take
all of it. A client has a part of its agency's share, so that it leaves some to the others there."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class _Claims:
    """Who calls, and about what."""

    agency: str
    """Or all those together that did not say who they are."""
    client: str = ""
    subject: str = ""
    """The referral or case."""


_claims: ContextVar[_Claims | None] = ContextVar("claims", default=None)


@contextmanager
def claims_of(caller: str) -> Iterator[None]:
    """Let the block use the pool for a caller, unless `claim` names another one."""
    token = _claims.set(_Claims(caller))
    try:
        yield
    finally:
        _claims.reset(token)


def claim(agency: str, client: str, subject: str = "") -> None:
    """Let the rest of this task use the pool for a client of an agency, and for what it asks about.

    Work of the service itself claims nothing, and is not bounded.

    Args:
        subject: the referral or case that the call is about, if it is about one.
    """
    _claims.set(_Claims(agency, client, subject))


def about(subject: str) -> None:
    """Let the rest of this task use the pool for this referral or case, as its caller."""
    if (claims := _claims.get()) is not None:
        _claims.set(replace(claims, subject=subject))


def of_agency(size: int) -> int:
    """How many of `size` connections all clients of an agency may have together."""
    return max(1, size // 2)


def of_client(size: int) -> int:
    """How many of them one client may have: all of a small share, three quarters of a larger."""
    return of_agency(size) - of_agency(size) // 4


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
        calling about others. The agency last: whoever waits for its client takes no turn of others.
        """
        await self.enter_each(keys, self._claims_to_count())

    async def enter_each(
        self, keys: list[tuple[str, str]], claims: Iterable[tuple[tuple[str, str], int]]
    ) -> None:
        """Wait for a turn under each of these claims, of which there are so many turns."""
        for key, most in claims:
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
            if claims.subject:
                yield ("subject", claims.subject), of_subject(self.size)
            if claims.client:
                yield ("client", claims.client), of_client(self.size)
            yield ("agency", claims.agency), of_agency(self.size)

    def _forget(self, key: tuple[str, str], turns: _Turns) -> None:
        turns.users -= 1
        if not turns.users:
            del self._turns[key]


class CallsAtOnce:
    """How many calls of one kind an agency, and each of its clients, may have under way.

    Others of it wait for their turn; calls of other agencies do not.
    """

    def __init__(self, of_an_agency: int, of_a_client: int, wait: float) -> None:
        """Let so many go on at a time, and the others wait for `wait` seconds at most."""
        self._of_an_agency = of_an_agency
        self._of_a_client = of_a_client
        self._wait = wait
        self._turns = Shares(0)

    @asynccontextmanager
    async def turn(self, agency: str, client: str) -> AsyncIterator[None]:
        """Wait for a turn, and have it for the block.

        Raises:
            TimeoutError: there was none in time.
        """
        keys: list[tuple[str, str]] = []
        claims = (("client", client), self._of_a_client), (("agency", agency), self._of_an_agency)
        try:
            async with asyncio.timeout(self._wait):
                await self._turns.enter_each(keys, claims)
            yield
        finally:
            self._turns.leave(keys)
