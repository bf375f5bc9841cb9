"""Checks the head of every call, before anything is done for it."""

import re

from fastapi import Request

from app.api.wire.problems.answers import BadRequest, UnsupportedEncoding
from app.domain.errors import NotFound

_ONCE = ("host", "authorization", "content-type")
"""Headers of which one counts. Of two a proxy may read the other one, or both as one text."""

_NEEDLESS = re.compile(rb"%(2[DEF]|3\d|4[1-9A-F]|5[\dAF]|6[1-9A-F]|7[\dAE])", re.IGNORECASE)
"""A slash, letter, digit, or one of -._~ as `%` and its number. A rule of a proxy for a path does
not see it as we do, who read it decoded."""


def check_head(request: Request) -> None:
    """Refuse a head that can be read in two ways, and a body that is compressed.

    Raises:
        NotFound: the path spells a slash, or what needs no encoding, with `%`.
        BadRequest: a header of which one counts stands twice, or HTTP/1.1 comes without `Host`
            (RFC 9112 §3.2).
        UnsupportedEncoding: the body is encoded.
    """
    headers = request.headers
    is_nameless = "host" not in headers and request.scope["http_version"] == "1.1"
    if is_nameless or any(len(headers.getlist(name)) > 1 for name in _ONCE):
        raise BadRequest
    if _NEEDLESS.search(request.scope["raw_path"]):
        raise NotFound
    if headers.get("content-encoding", "").strip().lower() not in {"", "identity"}:
        raise UnsupportedEncoding


def media_type(content_type: str) -> str | None:
    """The media type of a body in lower case, without parameters; None if it is not UTF-8."""
    kind, *parameters = (part.strip() for part in content_type.lower().split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    is_utf8 = all(value.strip('" ') == "utf-8" for n, _, value in pairs if n.strip() == "charset")
    return kind if is_utf8 else None
