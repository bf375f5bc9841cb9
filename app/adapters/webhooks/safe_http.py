"""Outgoing HTTP to servers of others, which may be hostile: one POST, protected against SSRF."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientHttpProxyError,
    ClientProxyConnectionError,
    ClientResponse,
    ClientSession,
    ClientSSLError,
    ClientTimeout,
    DummyCookieJar,
    InvalidURL,
    encode_basic_auth,
)
from yarl import URL

from app.adapters.webhooks.connections import KeptConnectionEnded, ReceiverConnector
from app.adapters.webhooks.lookup import AddressRefused, Lookup, NameUnknown
from app.domain.errors import Invalid
from app.domain.webhooks.addresses import PUBLIC_ONLY, Reach
from app.domain.webhooks.endpoint import endpoint
from app.domain.webhooks.notices import Attempt

TIMEOUT = 10.0
"""Seconds of an attempt, from looking up the name to the last byte that is read."""
MOST_READ = 64 * 1024
"""Bytes of a body that are read; then the connection is closed."""
KEPT = 1024
"""Bytes of a body that are stored, for the agency to see."""
_LONGEST_WAIT = 200
"""Characters of a Retry-After."""
_MOST_LINE, _MOST_FIELDS = 4_096, 64
"""Bytes of a line of a head, and how many lines there may be."""
_HEADERS = {
    "User-Agent": "Tsunagu-Webhooks/1",
    "Accept": "*/*",
    "Content-Type": "application/json",
}


@dataclass(frozen=True, slots=True)
class Outside:
    """How this machine reaches receivers."""

    reach: Reach = PUBLIC_ONLY
    authorities: Path | None = None
    """A file of certificates to trust besides those of this machine."""
    certificate: Path | None = None
    """A file with our certificate for receivers that ask for one, and the chain above it."""
    certificate_key: Path | None = None
    """The file of its private key. When missing: the certificate's own file."""
    proxy: str | None = None
    """`http://host:port`, with `user:password@` if the proxy wants it."""

    def tls(self) -> ssl.SSLContext:
        """What to trust, and what to show.

        Raises:
            OSError: a file cannot be read, or holds no such thing.
        """
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        if self.authorities is not None:
            context.load_verify_locations(self.authorities)
        if self.certificate is not None:
            # With a password asked for, OpenSSL would wait for somebody to type it.
            context.load_cert_chain(self.certificate, self.certificate_key, password="")
        return context


DIRECT = Outside()


class HttpSender:
    """Sends notices over HTTP. Use it as a context manager: it keeps connections open."""

    def __init__(
        self, lookup: Lookup, outside: Outside = DIRECT, *, timeout: float = TIMEOUT
    ) -> None:
        self._lookup = lookup
        self._reach = outside.reach
        self._tls = outside.tls()
        self._proxy = _proxy(outside.proxy)
        self._timeout = timeout

    async def __aenter__(self) -> Self:
        """Open the sessions; connections are opened when they are needed."""
        self._kept, self._new = self._session(keep=True), self._session(keep=False)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        await self._kept.close()
        await self._new.close()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Send `body`, and return the outcome. Redirects are not followed.

        A kept connection that ends before anything is answered had been given up by the receiver.
        The request is then sent once more, on a new connection.
        """
        began = time.monotonic()
        try:
            place = _place(url, self._reach)
            try:
                answer = await self._send(self._kept, place, headers, body, began)
            except KeptConnectionEnded:
                answer = await self._send(self._new, place, headers, body, began)
        except (OSError, ClientError, Invalid) as error:
            return Attempt(_why(error), took_ms=_since(began))
        outcome = _outcome(answer.status)
        return Attempt(outcome, answer.status, _since(began), answer.start, answer.retry_after)

    async def _send(
        self,
        session: ClientSession,
        place: URL,
        headers: Mapping[str, str],
        body: bytes,
        began: float,
    ) -> "HttpResponse":
        left = max(0.001, began + self._timeout - time.monotonic())
        proxy, proxy_headers = self._proxy
        response = await session.post(
            place,
            data=body,
            headers=headers,
            allow_redirects=False,
            proxy=proxy,
            proxy_headers=proxy_headers,
            timeout=ClientTimeout(total=left, sock_connect=left, ceil_threshold=left + 1),
        )
        try:
            start = await _start_of(response)
        finally:
            response.release()  # closes the connection if the body has not ended
        retry_after = response.headers.get("Retry-After")
        return HttpResponse(response.status, start, retry_after and retry_after[:_LONGEST_WAIT])

    def _session(self, *, keep: bool) -> ClientSession:
        proxy, _ = self._proxy
        host = proxy.raw_host if proxy is not None else None
        return ClientSession(
            connector=ReceiverConnector(self._lookup, self._reach, host, self._tls, keep=keep),
            cookie_jar=DummyCookieJar(),
            headers=_HEADERS,
            skip_auto_headers=("Accept-Encoding",),
            auto_decompress=False,
            trust_env=False,
            max_line_size=_MOST_LINE,
            max_field_size=_MOST_LINE,
            max_headers=_MOST_FIELDS,
        )


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The answer of a receiver."""

    status: int
    start: bytes
    """The first KiB of the body."""
    retry_after: str | None


async def _start_of(response: ClientResponse) -> bytes:
    """The beginning of the body. An answer counts by its status, even if its body is cut off."""
    start, read = b"", 0
    try:
        while read < MOST_READ and (chunk := await response.content.readany()):
            start += chunk[: KEPT - len(start)]
            read += len(chunk)
    except (OSError, ClientError):
        response.close()
    return start


@lru_cache(maxsize=1_000)
def _place(url: str, reach: Reach) -> URL:
    """Parse a URL. An IP address in it is never looked up, so `endpoint` checks it here."""
    return URL(endpoint(url, reach).url, encoded=True)


def _proxy(text: str | None) -> tuple[URL | None, dict[str, str] | None]:
    """The URL of the proxy without credentials, and the header that carries them."""
    if text is None:
        return None, None
    url = URL(text)
    if url.user is None:
        return url, None
    header = encode_basic_auth(unquote(url.raw_user or ""), unquote(url.raw_password or ""))
    return url.with_user(None), {"Proxy-Authorization": header}


def _outcome(status: int) -> str:
    if 200 <= status < 300:
        return "delivered"
    if 300 <= status < 400:
        return "redirect"
    return {410: "gone", 429: "too_many"}.get(status, "refused")


def _why(error: BaseException) -> str:
    """The outcome for an error. Nothing else of the error is stored."""
    if isinstance(error, ClientProxyConnectionError | ClientHttpProxyError):
        return "proxy"
    if isinstance(error, ClientSSLError) or isinstance(error.__cause__, ssl.SSLError):
        return "tls"
    if isinstance(error, ClientConnectorError):
        error = error.os_error
    kinds: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
        ((AddressRefused, Invalid, InvalidURL), "address_refused"),
        (NameUnknown, "name_unknown"),
        (TimeoutError, "timeout"),
        (ssl.SSLError, "tls"),
        ((ConnectionResetError, BrokenPipeError), "broken_off"),
        (ConnectionRefusedError, "unreachable"),
        ((ConnectionError, ClientError), "broken_off"),
    )
    return next((name for kind, name in kinds if isinstance(error, kind)), "unreachable")


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
