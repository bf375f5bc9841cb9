"""Outgoing HTTP to servers of others, which may be hostile: one POST, protected against SSRF."""

import asyncio
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from types import TracebackType
from typing import Self, TypeAlias
from urllib.parse import urlsplit

from app.adapters.webhooks.http_connection import Connection, HttpResponse
from app.domain.errors import Invalid
from app.domain.webhooks.addresses import may_be_reached
from app.domain.webhooks.endpoint import Endpoint, endpoint
from app.domain.webhooks.notices import Attempt

TIMEOUT = 10.0
"""Seconds of an attempt, from looking up the name to the last byte that is read."""
KEPT_OPEN = 4.0
"""Seconds for which an idle connection is kept: less than receivers usually keep theirs."""
LOOKUP_PATIENCE = 3.0
"""Seconds that looking up a name may take when a webhook is registered."""
_LOOKUPS = 64
"""Concurrent lookups: a name server that hangs must not delay other names."""

Lookup: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]


class AddressRefused(OSError):
    """The name has an address to which nothing may be sent."""


class NameUnknown(OSError):
    """The name has no address."""


class SystemLookup:
    """Looks up names as this machine does, in threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOKUPS, "lookup")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host.

        Raises:
            OSError: it has none.
        """
        loop = asyncio.get_running_loop()
        records = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [str(address[0]) for *_, address in records]


async def addresses(host: str, port: int, lookup: Lookup, *, loopback: bool) -> list[str]:
    """The addresses of a host, if all of them are allowed.

    Raises:
        AddressRefused: one of them is not.
        NameUnknown: there are none.
    """
    try:
        resolved = list(dict.fromkeys(await lookup(host, port)))
    except (OSError, UnicodeError):
        resolved = []
    if not resolved:
        raise NameUnknown
    if not all(may_be_reached(ip_address(a), loopback=loopback) for a in resolved):
        raise AddressRefused
    return resolved


async def check_host(host: str, port: int, lookup: Lookup, *, loopback: bool) -> None:
    """Check, when a webhook is registered, that notices may be sent to a host.

    Raises:
        Invalid: it has no address, or one to which nothing may be sent.
    """
    try:
        async with asyncio.timeout(LOOKUP_PATIENCE):
            await addresses(host, port, lookup, loopback=loopback)
    except AddressRefused:
        raise Invalid.at("/url", "url_address") from None
    except (NameUnknown, TimeoutError):
        raise Invalid.at("/url", "url_host_unknown") from None


@dataclass(frozen=True, slots=True)
class Place:
    """The endpoint of a URL, and the request line and headers of every request to it."""

    endpoint: Endpoint
    head: bytes

    @property
    def origin(self) -> tuple[str, int]:
        """The key under which idle connections are kept."""
        return self.endpoint.url.partition(":")[0] + self.endpoint.host, self.endpoint.port


class HttpSender:
    """Sends notices over HTTP. Use it as a context manager: it keeps connections open."""

    def __init__(
        self,
        lookup: Lookup,
        *,
        loopback: bool = False,
        authorities: str | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        """Set it up.

        Args:
            authorities: a file of certificates to trust besides those of this machine.
        """
        self._lookup = lookup
        self._loopback = loopback
        self._tls = ssl.create_default_context()
        if authorities is not None:
            self._tls.load_verify_locations(authorities)
        self._timeout = timeout
        self._idle: defaultdict[tuple[str, int], list[tuple[float, Connection]]]
        self._idle = defaultdict(list)

    async def __aenter__(self) -> Self:
        """Connections are opened when they are needed."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        for connections in self._idle.values():
            for _, connection in connections:
                connection.close()
        self._idle.clear()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Send `body` once, and return the outcome. Redirects are not followed."""
        began = time.monotonic()
        try:
            answer = await self._send(_place(url, self._loopback), headers, body, began)
        except (OSError, Invalid) as error:
            return Attempt(_why(error), took_ms=_since(began))
        outcome = _outcome(answer.status)
        return Attempt(outcome, answer.status, _since(began), answer.start, answer.retry_after)

    async def _send(
        self, place: Place, headers: Mapping[str, str], body: bytes, began: float
    ) -> HttpResponse:
        connection = self._idle_connection(place, began)
        if connection is None:
            async with asyncio.timeout(self._timeout):
                connection = await self._connect(place.endpoint)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = b"%bContent-Length: %d\r\n%b\r\n%b" % (
            place.head,
            len(body),
            lines.encode("ascii"),
            body,
        )
        answer = await connection.post(request, began + self._timeout - time.monotonic())
        if connection.is_idle:
            self._idle[place.origin].append((time.monotonic() + KEPT_OPEN, connection))
        return answer

    def _idle_connection(self, place: Place, now: float) -> Connection | None:
        """An open connection of a recent request, the most recent first; None if there is none."""
        connections = self._idle.get(place.origin)
        while connections:
            until, connection = connections.pop()
            if connection.is_idle and now < until:
                return connection
            connection.close()
        self._idle.pop(place.origin, None)
        return None

    async def _connect(self, to: Endpoint) -> Connection:
        """Connect to an address that was checked. TLS verifies the host name (SNI)."""
        if to.address is not None:
            candidates = [str(to.address)]
        else:
            candidates = await addresses(to.host, to.port, self._lookup, loopback=self._loopback)
        tls = self._tls if to.url.startswith("https:") else None
        errors: list[OSError] = []
        for address in candidates:
            try:
                async with asyncio.timeout(self._timeout / len(candidates)):
                    _, connection = await asyncio.get_running_loop().create_connection(
                        Connection,
                        address,
                        to.port,
                        ssl=tls,
                        server_hostname=to.host if tls else None,
                    )
                    return connection
            except OSError as error:
                errors.append(error)
        raise errors[0]


@lru_cache(maxsize=1_000)
def _place(url: str, loopback: bool) -> Place:
    """Parse a URL. An IP address in it is never looked up, so `endpoint` checks it here."""
    target = endpoint(url, loopback=loopback)
    parts = urlsplit(target.url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: Tsunagu-Webhooks/1\r\n"
        "Accept: */*\r\nContent-Type: application/json\r\n"
    )
    return Place(target, head.encode("ascii"))


def _outcome(status: int) -> str:
    if 200 <= status < 300:
        return "delivered"
    if 300 <= status < 400:
        return "redirect"
    return {410: "gone", 429: "too_many"}.get(status, "refused")


def _why(error: Exception) -> str:
    """The outcome for an error. Nothing else of the error is stored."""
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        ((AddressRefused, Invalid), "address_refused"),
        (NameUnknown, "name_unknown"),
        (TimeoutError, "timeout"),
        (ssl.SSLError, "tls"),
        ((ConnectionResetError, BrokenPipeError), "broken_off"),
        (ConnectionRefusedError, "unreachable"),
        (ConnectionError, "broken_off"),
    )
    return next((name for kind, name in kinds if isinstance(error, kind)), "unreachable")


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
