"""Outgoing HTTP: one POST to a stranger's server, which must not be able to do us any harm."""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_address
from types import TracebackType
from typing import Self, TypeAlias

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from app.domain.addresses import may_be_reached
from app.domain.endpoints import endpoint
from app.domain.errors import Invalid
from app.domain.notices import Attempt

TIMEOUT = 10.0
"""Seconds of an attempt, from looking up the name to the last byte that is read."""
MOST_READ = 64 * 1024
"""Bytes of an answer that are read; then the connection is closed."""
KEPT = 1024
"""Bytes of an answer that are kept for the agency to look at."""
LOOKUP_PATIENCE = 3.0
"""Seconds that looking up a name may take when a webhook is registered."""
_LOOKUPS = 64
"""Names looked up at once: whose name server hangs must not hold up the others."""

Lookup: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]


class AddressRefused(OSError):
    """The name leads to an address to which nothing may be sent."""


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
        found = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [str(address[0]) for *_, address in found]


class CheckedResolver(AbstractResolver):
    """Gives the connector addresses that were checked; it connects to these and to no others."""

    def __init__(self, lookup: Lookup, *, loopback: bool) -> None:
        self._lookup = lookup
        self._loopback = loopback

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - every family is looked up
    ) -> list[ResolveResult]:
        """The addresses of a host, if every one of them may be reached.

        Raises:
            AddressRefused: one of them may not.
            OSError: there are none.
        """
        found = list(dict.fromkeys(await self._lookup(host, port)))
        if not all(may_be_reached(ip_address(a), loopback=self._loopback) for a in found):
            raise AddressRefused
        if not found:
            raise OSError("no address")
        return [_resolved(host, port, address) for address in found]

    async def close(self) -> None:
        """Nothing is held."""


async def check_host(host: str, port: int, lookup: Lookup, *, loopback: bool) -> None:
    """Make sure that a host leads where notices may go, as far as one can tell beforehand.

    Raises:
        Invalid: it has no address, or one to which nothing may be sent.
    """
    try:
        async with asyncio.timeout(LOOKUP_PATIENCE):
            await CheckedResolver(lookup, loopback=loopback).resolve(host, port)
    except AddressRefused:
        raise Invalid.at("/url", "url_address") from None
    except (OSError, UnicodeError):  # TimeoutError is an OSError
        raise Invalid.at("/url", "url_host_unknown") from None


class Outgoing:
    """Sends notices. Use it as a context: it holds connections open."""

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
        self._loopback = loopback
        self._resolver = CheckedResolver(lookup, loopback=loopback)
        self._tls = ssl.create_default_context()
        if authorities is not None:
            self._tls.load_verify_locations(authorities)
        self._timeout = aiohttp.ClientTimeout(total=timeout)

    async def __aenter__(self) -> Self:
        """Open it."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, resolver=self._resolver, use_dns_cache=False, ssl=self._tls
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            auto_decompress=False,
            read_bufsize=MOST_READ // 2,  # twice of it is read ahead
            headers={"User-Agent": "Tsunagu-Webhooks/1", "Content-Type": "application/json"},
            skip_auto_headers=["Accept-Encoding"],
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        await self._session.close()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Send `body` once, and say what became of it. Never follows a redirect."""
        began = time.monotonic()
        try:
            found = await self._posted(url, headers, body)
        except (aiohttp.ClientError, OSError, ValueError, Invalid) as error:
            return Attempt(_why(error), took_ms=_since(began))
        status, answer, retry_after = found
        return Attempt(_outcome(status), status, _since(began), answer, retry_after)

    async def _posted(
        self, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes, str | None]:
        async with self._session.post(
            _checked(url, self._loopback), data=body, headers=headers, allow_redirects=False
        ) as response:
            answer = await _first(response)
            return response.status, answer, response.headers.get("Retry-After")


@lru_cache(maxsize=1_000)
def _checked(url: str, loopback: bool) -> URL:
    """The URL. An address in it is never looked up, so it has to be checked here."""
    return URL(endpoint(url, loopback=loopback).url, encoded=True)


async def _first(response: aiohttp.ClientResponse) -> bytes:
    """The first KiB, or what came of it: the status has been said, and that is what counts."""
    kept, read = b"", 0
    with suppress(aiohttp.ClientError, OSError):
        async for chunk in response.content.iter_any():
            kept += chunk[: KEPT - len(kept)]
            read += len(chunk)
            if read >= MOST_READ:
                response.close()  # so that the rest is not read to free the connection
                break
    return kept


def _outcome(status: int) -> str:
    if 200 <= status < 300:
        return "delivered"
    if 300 <= status < 400:
        return "redirect"
    return {410: "gone", 429: "too_many"}.get(status, "refused")


def _why(error: Exception) -> str:
    """The name of what went wrong, which is all that is written down of it."""
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        ((AddressRefused, Invalid), "address_refused"),
        (TimeoutError, "timeout"),
        ((aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError, ssl.SSLError), "tls"),
        (aiohttp.ClientConnectorDNSError, "name_unknown"),
        (aiohttp.ClientConnectorError, "unreachable"),
    )
    for looked_at in (getattr(error, "os_error", None), error):
        for kind, name in kinds:
            if isinstance(looked_at, kind):
                return name
    return "broken_off"


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _resolved(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(
        hostname=host, host=address, port=port, family=family, proto=0, flags=flags
    )
