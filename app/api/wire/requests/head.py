"""Checks the head of every call, before anything is done for it."""

from fastapi import Request

from app.api.wire.problems.answers import BadRequest, UnsupportedEncoding

_ONCE = ("host", "authorization", "content-type")
"""Headers of which one counts. Of two a proxy may read the other one, or both as one text."""


def check_head(request: Request) -> None:
    """Refuse a head that can be read in two ways, and a body that is compressed.

    Raises:
        BadRequest: a header of which one counts stands twice, or HTTP/1.1 comes without `Host`
            (RFC 9112 §3.2).
        UnsupportedEncoding: the body is encoded.
    """
    headers = request.headers
    is_nameless = "host" not in headers and request.scope["http_version"] == "1.1"
    if is_nameless or any(len(headers.getlist(name)) > 1 for name in _ONCE):
        raise BadRequest
    if headers.get("content-encoding", "").strip().lower() not in {"", "identity"}:
        raise UnsupportedEncoding


def media_type(content_type: str) -> str | None:
    """The media type of a body in lower case, without parameters; None if it is not UTF-8."""
    kind, *parameters = (part.strip() for part in content_type.lower().split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    is_utf8 = all(value.strip('" ') == "utf-8" for n, _, value in pairs if n.strip() == "charset")
    return kind if is_utf8 else None
