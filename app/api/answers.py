"""Answers as bytes, and the small things of HTTP that several routes share."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Request, Response

from app.domain.errors import Invalid, NotFound

_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_TAG = re.compile(r'(?:W/)?"([^"]*)"')


def json_answer(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """`value` as the JSON of an answer."""
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, status, dict(headers or {}), "application/json")


def id_in_path(text: str) -> UUID:
    """The id that stands in a path.

    Raises:
        NotFound: it has not the form of an id, so there is nothing there.
    """
    if not _UUID.fullmatch(text):
        raise NotFound
    return UUID(text)


def entity_tags(request: Request, header: str) -> frozenset[str]:
    """The entity tags of `If-Match` or `If-None-Match`; empty if it is not sent.

    All ours are weak: they stand for what a reader may know, not for bytes. A header that holds no
    tag gives one that matches nothing: whoever sends it means to ask for something.
    """
    text = request.headers.get(header)
    if text is None:
        return frozenset()
    if text.strip() == "*":
        return frozenset({"*"})
    return frozenset(f'W/"{tag}"' for tag in _TAG.findall(text)) or frozenset({""})


def matches(request: Request, tag: str) -> bool:
    """Whether the caller has what `tag` stands for, as `If-None-Match` says."""
    wanted = entity_tags(request, "if-none-match")
    return not wanted.isdisjoint({"*", "W/" + tag.removeprefix("W/")})


def cursor_of(*parts: object) -> str:
    """A cursor that remembers `parts`. Callers hand it back as it is."""
    return urlsafe_b64encode(json.dumps([str(p) for p in parts]).encode()).decode().rstrip("=")


def parts_of(cursor: str, count: int) -> list[str]:
    """What a cursor of ours remembers.

    Raises:
        Invalid: it is none of ours.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parts = json.loads(urlsafe_b64decode(padded))
    except (ValueError, RecursionError):
        raise bad_cursor() from None
    if not isinstance(parts, list) or len(parts) != count or not all(type(p) is str for p in parts):
        raise bad_cursor()
    return parts


def bad_cursor() -> Invalid:
    """The refusal of a cursor that is none of ours."""
    return Invalid.at("/query/cursor", "cursor")
