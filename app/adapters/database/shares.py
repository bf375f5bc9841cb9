"""Bounded shares of what all calls use, so that one agency, or one case that is held, cannot take
all of it. A client has a part of its agency's share, so that it leaves some to the others there."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TypeVar
from uuid import UUID

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Claims:
    """Who calls, and about what."""

    agency: str
    """Or all those together that did not say who they are."""
    client: str = ""
    subject: str = ""
    """The referral or case that the call names."""
    case: str = ""
    """The case that it writes to, which is known to be its caller's."""


_claims: ContextVar[_Claims | None] = ContextVar("claims", default=None)


AT_A_TIME = 4
"""Messages that are decided on, sealed or opened before other calls have a turn: about a
millisecond. A turn after each takes a system call each."""


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """The items of a long piece of work; other calls have a turn after a few of them."""
    for count, item in enumerate(items, start=1):
        yield item
        if not count % AT_A_TIME:
            await asyncio.sleep(0)


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
        subject: the referral or case that the call is about, if it is about one. Anybody can name
            any, so each agency has turns of its own for it.
    """
    _claims.set(_Claims(agency, client, _canonical(subject)))


def about(case: UUID) -> None:
    """Let the rest of this task use the pool to write to a case that is known to be its caller's.

    All who write to one case share its turns.
    """
    if (claims := _claims.get()) is not None:
        _claims.set(replace(claims, case=str(case)))


def _canonical(subject: str) -> str:
    """One text for all spellings of a UUID."""
    try:
        return str(UUID(subject))
    except ValueError:
        return subject


def of_agency(size: int) -> int:
    """How many of `size` connections all clients of an agency may have together."""
    return max(1, size // 2)


def of_client(size: int) -> int:
    """How many of them one client may have: all of a small share, three quarters of a larger."""
    return of_agency(size) - of_agency(size) // 4


def of_subject(size: int) -> int:
    """How many of `size` connections an agency's calls about one referral or case may have, and how
    many all calls together that write to one case."""
    return max(1, size // 4)


def of_subject_for_all(size: int) -> int:
    """How many of them the calls of all agencies about one referral or case may have."""
    return max(1, size // 2)


Key = tuple[str, ...]
"""The kind of a claim, and what it claims."""


@dataclass(eq=False, slots=True)
class _Waiting:
    """A call that waits until there is a turn under each of its claims, and has none meanwhile."""

    claims: list[tuple[Key, int]]
    keys: list[Key]
    turn: asyncio.Future[None]

    @property
    def agency(self) -> Key:
        """The claim that calls of one agency have in common: the last one."""
        return self.claims[-1][0]

    @property
    def client(self) -> Key:
        """The claim of its client, or nobody's."""
        return next((key for key, _ in self.claims if key[0] == "client"), ())


@dataclass(slots=True)
class Shares:
    """The turns that calls have and wait for, by what they claim; of nothing else any trace."""

    size: int
    """Connections of the pool."""
    _turns: dict[Key, int] = field(default_factory=dict)
    """How many calls have a turn."""
    _lines: dict[Key, dict[Key, list[_Waiting]]] = field(default_factory=dict)
    """Those that wait, by their agency and its clients: of both the one first that has got no turn
    for longest."""

    async def enter(self, keys: list[Key]) -> None:
        """Wait for a turn under every claim of this task. `keys` gets what it has to leave."""
        await self.enter_each(keys, self._claims_to_count())

    async def enter_each(self, keys: list[Key], claims: Iterable[tuple[Key, int]]) -> None:
        """Wait for a turn under each of these claims, of which there are so many turns.

        It gets all at once: whoever waits keeps nobody from anything. Calls of one client stand in
        one line. The lines of an agency, which is the last claim, take turns, and so do agencies:
        a long line delays no other.
        """
        waiting = _Waiting(list(claims), keys, asyncio.get_running_loop().create_future())
        if self._take(waiting):
            return
        clients = self._lines.setdefault(waiting.agency, {})
        clients.setdefault(waiting.client, []).append(waiting)
        try:
            await waiting.turn
        finally:
            if not keys:
                self._remove(waiting)

    def leave(self, keys: list[Key]) -> None:
        """Give the turns back, and let those go on that now have theirs."""
        if not keys:
            return
        while keys:
            key = keys.pop()
            self._turns[key] -= 1
            if not self._turns[key]:
                del self._turns[key]
        while any(self._let_one_go_on(agency) for agency in list(self._lines)):
            pass

    def _let_one_go_on(self, agency: Key) -> bool:
        clients = self._lines[agency]
        for waiting in (each for line in clients.values() for each in line):
            if self._is_full(*waiting.claims[-1]):
                return False
            if not waiting.turn.done() and self._take(waiting):
                waiting.turn.set_result(None)
                self._remove(waiting)
                _put_last(clients, waiting.client)
                _put_last(self._lines, agency)
                return True
        return False

    def _take(self, waiting: _Waiting) -> bool:
        if any(self._is_full(key, most) for key, most in waiting.claims):
            return False
        for key, _ in waiting.claims:
            self._turns[key] = self._turns.get(key, 0) + 1
            waiting.keys.append(key)
        return True

    def _is_full(self, key: Key, most: int) -> bool:
        return self._turns.get(key, 0) >= most

    def _remove(self, waiting: _Waiting) -> None:
        clients = self._lines[waiting.agency]
        line = clients[waiting.client]
        line.remove(waiting)
        if not line:
            del clients[waiting.client]
        if not clients:
            del self._lines[waiting.agency]

    def _claims_to_count(self) -> Iterator[tuple[Key, int]]:
        claims = _claims.get()
        if claims is None:
            return
        if claims.case:
            yield ("case", claims.case), of_subject(self.size)
        elif claims.subject:
            yield ("subject", claims.agency, claims.subject), of_subject(self.size)
            yield ("subject", claims.subject), of_subject_for_all(self.size)
        if claims.client:
            yield ("client", claims.client), of_client(self.size)
        yield ("agency", claims.agency), of_agency(self.size)


def _put_last(lines: dict[Key, T], key: Key) -> None:
    if key in lines:
        lines[key] = lines.pop(key)


class CallsAtOnce:
    """How many calls of one kind an agency, and each of its clients, may have under way.

    Others of it wait for their turn, its clients in turn; calls of other agencies do not.
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
        keys: list[Key] = []
        claims = (("client", client), self._of_a_client), (("agency", agency), self._of_an_agency)
        try:
            async with asyncio.timeout(self._wait):
                await self._turns.enter_each(keys, claims)
            yield
        finally:
            self._turns.leave(keys)
