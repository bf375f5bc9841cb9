"""Answers as bytes, and the small things of HTTP that several routes share."""

import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Request, Response

from app.domain.errors import NotFound

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
