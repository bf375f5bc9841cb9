"""Looking up the hosts of receivers, and whether their addresses are allowed."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import TypeAlias

from app.domain.errors import Invalid
from app.domain.webhooks.addresses import Reach, may_be_reached

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


async def addresses(host: str, port: int, lookup: Lookup, reach: Reach) -> list[str]:
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
    if not all(may_be_reached(ip_address(a), reach, host) for a in resolved):
        raise AddressRefused
    if any(is_own(address, reach) for address in resolved):
        raise AddressRefused
    return resolved


def is_own(address: str, reach: Reach) -> bool:
    """Whether this machine has the address, at which nothing may be sent to it.

    The operator may list a network in which this machine is. Only an address of its own can be
    bound to; where the system lets every address be bound to (`ip_nonlocal_bind`), it is one if
    the way to it starts there.
    """
    if reach.loopback:
        return False
    nobodys = "2001:db8::1" if ":" in address else "192.0.2.1"
    return _can_bind(address) and (not _can_bind(nobodys) or _leads_to_itself(address))


def _can_bind(address: str) -> bool:
    try:
        with _probe(address) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def _leads_to_itself(address: str) -> bool:
    try:
        with _probe(address) as probe:
            probe.connect((address, 9))  # of a datagram socket: nothing is sent
            source: str = probe.getsockname()[0]
    except OSError:
        return False
    return ip_address(source) == ip_address(address)


def _probe(address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.socket(family, socket.SOCK_DGRAM)


async def check_host(
    host: str, port: int, lookup: Lookup, reach: Reach, *, by_proxy: bool = False
) -> list[str]:
    """The addresses of a host, when a webhook is registered.

    Args:
        by_proxy: whether a proxy connects, which may know names that this machine does not. Such
            a name has no addresses here.

    Raises:
        Invalid: it has no address, or one to which nothing may be sent.
    """
    try:
        async with asyncio.timeout(LOOKUP_PATIENCE):
            return await addresses(host, port, lookup, reach)
    except AddressRefused:
        raise Invalid.at("/url", "url_address") from None
    except (NameUnknown, TimeoutError):
        if by_proxy:
            return []
        raise Invalid.at("/url", "url_host_unknown") from None
