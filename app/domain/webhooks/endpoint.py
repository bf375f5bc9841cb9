"""The URL of a webhook in one normal form, so that check and connection read the same address."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, quote, urlsplit

import idna

from app.domain.errors import Invalid
from app.domain.webhooks.addresses import Address, Reach, may_be_reached

CALLS_OF_AN_ENDPOINT = 5
"""Calls in a minute that make us send to one endpoint what did not arrive in the inbox."""
CALLS_OF_AN_AGENCY = 10
CALLS_TO_A_TARGET = 30
"""Of all agencies together, to one host or address; but each may make `CALLS_OF_AN_ENDPOINT`."""
REPLAYED_IN_A_SECOND = 10
LONGEST = 2_048
"""Characters of a URL."""
_CLOSED_NAMES = (".localhost", ".local", ".localdomain", ".internal", ".home.arpa", ".onion")
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_UNQUOTED = "/%:@!$&'()*+,;=~-._"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where notices go. `address` is there if the URL names one instead of a host."""

    url: str
    host: str
    port: int
    address: Address | None


def endpoint(text: str, reach: Reach) -> Endpoint:
    """The endpoint that a URL names, in its one normal form.

    Args:
        text: as an agency wrote it.
        reach: where notices may go besides the public internet.

    Raises:
        Invalid: it is no such URL, has credentials, or leads where nothing may be sent.
    """
    if len(text) > LONGEST or _FORBIDDEN.search(text):
        raise _refusal("url")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _refusal("url") from None
    _check_form(parts, loopback=reach.loopback)
    host, address = _host(parts.hostname or "", reach)
    number = port if port is not None else {"https": 443, "http": 80}[parts.scheme]
    here = host == "localhost" or (address is not None and address.is_loopback)
    if parts.scheme == "http" and not here:
        raise _refusal("url_scheme")
    if number != 443 and number < 1024 and not here:
        raise _refusal("url_port")  # mail, telnet and the like are not spoken to
    shown = f"[{host}]" if address is not None and address.version == 6 else host
    place = f"{shown}:{port}" if port is not None else shown
    path = quote(parts.path or "/", safe=_UNQUOTED)
    query = f"?{quote(parts.query, safe=_UNQUOTED + '?')}" if parts.query else ""
    return Endpoint(f"{parts.scheme}://{place}{path}{query}", host, number, address)


def _check_form(parts: SplitResult, *, loopback: bool) -> None:
    if parts.scheme not in ({"https", "http"} if loopback else {"https"}):
        raise _refusal("url_scheme")
    if "@" in parts.netloc:
        raise _refusal("url_credentials")
    if parts.fragment:
        raise _refusal("url_fragment")
    if parts.port == 0:
        raise _refusal("url_port")


def _host(name: str, reach: Reach) -> tuple[str, Address | None]:
    if ":" in name:
        return _literal(name, reach)
    try:
        host = idna.encode(name, uts46=True, std3_rules=True).decode().rstrip(".").lower()
    except (idna.IDNAError, UnicodeError):
        raise _refusal("url_host") from None
    # The last label decides, as for browsers: 127.1, 0x7f.1 and 2130706433 are addresses too.
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        return _literal(host, reach)
    if (host == "localhost" and reach.loopback) or reach.lists_name(host):
        return host, None
    if "." not in host or f".{host}".endswith(_CLOSED_NAMES):
        raise _refusal("url_host")
    return host, None


def _literal(text: str, reach: Reach) -> tuple[str, Address]:
    try:
        address = ip_address(text)
    except ValueError:
        raise _refusal("url_host") from None
    if "%" in text or not may_be_reached(address, reach):
        raise _refusal("url_address")
    return str(address), address


def _refusal(reason: str) -> Invalid:
    return Invalid.at("/url", reason)
