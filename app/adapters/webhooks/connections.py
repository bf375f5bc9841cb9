"""Connections of aiohttp to receivers of notices: only to checked addresses, and bounded.

aiohttp speaks HTTP, TLS and to the proxy, and keeps connections. This adds what it leaves to its
users: which addresses it may connect to, how much of a head it reads, and which kept connections
ended before a request was looked at, so that the request may be sent once more.
"""

import asyncio
import socket
import ssl
from functools import partial
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from aiohttp import ClientConnectorDNSError, ClientOSError, ServerDisconnectedError, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler

from app.adapters.webhooks.lookup import AddressRefused, Lookup, NameUnknown, addresses, is_own
from app.domain.webhooks.addresses import Reach

if TYPE_CHECKING:
    from aiohttp import ClientRequest, ClientTimeout
    from aiohttp.connector import Connection
    from aiohttp.http import RawResponseMessage
    from aiohttp.streams import StreamReader
    from aiohttp.tracing import Trace

MOST_HEAD = 64 * 1024
"""Bytes that are read until a status comes, interim answers included."""
KEPT_OPEN = 4.0
"""Seconds for which an idle connection is kept: less than receivers usually keep theirs."""
MOST_CONNECTIONS = 1_000
"""Connections of a worker process at one time; further attempts wait, as part of their time."""


class KeptConnectionEnded(ServerDisconnectedError):
    """A kept connection ended before anything was answered: its receiver had given it up."""


class ReceiverProtocol(ResponseHandler):
    """A connection to a receiver, which counts its requests and the bytes of an answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._requests = 0
        self._received = 0
        self._waits = self._has_status = False

    def set_response_params(self, **options: Any) -> None:
        """Begin to wait for the answer to a request."""
        self._requests += 1
        self._received = 0
        self._waits, self._has_status = True, False
        super().set_response_params(**options)

    def end_request(self) -> None:
        """Nothing is expected any more."""
        self._waits = False

    def data_received(self, data: bytes) -> None:
        """Read on. Data that nobody waits for, and heads without an end, end the connection."""
        if data and not self._waits:
            self._break_off("nothing was asked")
            return
        if not self._has_status:
            self._received += len(data)
        super().data_received(data)
        if not self._has_status and self._received > MOST_HEAD:
            self._break_off("the head has no end")

    def feed_data(self, data: "tuple[RawResponseMessage, StreamReader]", size: int = 0) -> None:
        """Take an answer, unless it is about an earlier wait for a request (RFC 9110, 15.5.9)."""
        if data[0].code == HTTPStatus.REQUEST_TIMEOUT and self._requests > 1:
            self.set_exception(KeptConnectionEnded())
            return
        self._has_status = data[0].code >= HTTPStatus.OK
        super().feed_data(data, size)

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """Fail the request that waits."""
        ended = isinstance(exc, ServerDisconnectedError | ClientOSError)
        if ended and self._requests > 1 and not self._received:
            exc = KeptConnectionEnded()
        if exc_cause is None:
            super().set_exception(exc)
        else:
            super().set_exception(exc, exc_cause)

    def _break_off(self, reason: str) -> None:
        self.set_exception(ServerDisconnectedError(reason))
        if self.transport is not None:
            self.transport.abort()


class CheckedResolver(AbstractResolver):
    """Answers aiohttp with addresses that were checked, so that it connects to no others."""

    def __init__(self, lookup: Lookup, reach: Reach, proxy_host: str | None) -> None:
        self._lookup = lookup
        self._reach = reach
        self._proxy_host = proxy_host

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host. Those of the operator's proxy are not restricted.

        Raises:
            AddressRefused: one of them is not allowed.
            NameUnknown: there are none.
        """
        del family
        if host == self._proxy_host:
            resolved = list(await self._lookup(host, port))
        else:
            resolved = await addresses(host, port, self._lookup, self._reach)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in resolved
        ]

    async def close(self) -> None:
        """Nothing is kept."""


class ReceiverConnector(TCPConnector):
    """Connections to receivers.

    An address in a URL is not resolved, so `endpoint` checks it before each request.
    """

    def __init__(
        self,
        lookup: Lookup,
        reach: Reach,
        proxy_host: str | None,
        tls: ssl.SSLContext,
        *,
        keep: bool,
    ) -> None:
        """Set it up.

        Args:
            proxy_host: where all connections lead, if not to the receivers themselves.
            keep: whether connections are kept for further requests.
        """
        kept: dict[str, Any] = {"keepalive_timeout": KEPT_OPEN} if keep else {"force_close": True}
        super().__init__(
            resolver=CheckedResolver(lookup, reach, proxy_host),
            use_dns_cache=False,
            ssl=tls,
            limit=MOST_CONNECTIONS,
            **kept,
        )
        self._factory = partial(_protocol, self._loop)
        self._lookup = lookup
        self._reach = reach

    async def connect(
        self,
        req: "ClientRequest",
        traces: "list[Trace]",
        timeout: "ClientTimeout",  # noqa: ASYNC109 - as aiohttp calls it
    ) -> "Connection":
        """A connection for a request, kept or new."""
        connection = await super().connect(req, traces, timeout)
        if isinstance(connection.protocol, ReceiverProtocol):
            connection.add_callback(connection.protocol.end_request)
        return connection

    async def _create_connection(
        self,
        req: "ClientRequest",
        traces: "list[Trace]",
        timeout: "ClientTimeout",  # noqa: ASYNC109 - as aiohttp calls it
    ) -> ResponseHandler:
        """A new connection. A proxy resolves names itself; what this machine knows is checked."""
        if _is_address(req.host) and is_own(req.host, self._reach):
            raise ClientConnectorDNSError(req.connection_key, AddressRefused())
        if req.proxy is not None and not _is_address(req.host):
            try:
                await addresses(req.host, req.port or 0, self._lookup, self._reach)
            except NameUnknown:
                pass
            except AddressRefused as refused:
                raise ClientConnectorDNSError(req.connection_key, refused) from refused
        return await super()._create_connection(req, traces, timeout)


def _protocol(loop: asyncio.AbstractEventLoop) -> ResponseHandler:
    return ReceiverProtocol(loop)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
