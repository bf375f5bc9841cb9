"""JSON responses, ids in paths and entity tags, for all routes."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import orjson
from fastapi import Request, Response

from app.adapters.database.shares import in_turns
from app.api.wire.language import Language
from app.domain.errors import NotFound

_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
IN_ENGLISH = "-en"
"""How the entity tag of an English answer ends."""
_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_MARKS = re.compile(rf'(\.[0-9a-f]{{8}})?({IN_ENGLISH})?"$')


def json_answer(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON response with `value` as its body."""
    return Response(_json(value), status, dict(headers or {}), "application/json")


async def json_items(items: Iterable[Any]) -> Response:
    """A JSON response with `items`, each made in its turn: many must not hold up others' calls."""
    parts = [_json(item) async for item in in_turns(items)]
    content = b'{"items":[' + b",".join(parts) + b"]}"
    return Response(content, media_type="application/json")


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)  # of enumerations of text


def id_in_path(text: str) -> UUID:
    """An id in a path.

    Raises:
        NotFound: it is not a UUID, so nothing can have it.
    """
    if not _UUID.fullmatch(text):
        raise NotFound
    return UUID(text)


def entity_tags(request: Request, header: str) -> frozenset[str]:
    """The entity tags of `If-Match` or `If-None-Match`; empty without that header.

    All our tags are weak, because they identify a version and not the bytes of an answer. A header
    without a valid tag gives one that matches nothing, so that its condition is not ignored.
    """
    text = request.headers.get(header)
    if text is None:
        return frozenset()
    if text.strip() == "*":
        return frozenset({"*"})
    return frozenset(f'W/"{tag}"' for tag in _TAG.findall(text)) or frozenset({""})


def tag_in(version: str, language: Language, mark: str = "") -> str:
    """The entity tag of an answer that exists in two languages: in Japanese that of its version.

    `versions` leads from it back to the version.

    Args:
        mark: hexadecimal digits that tell apart answers of one version; empty for the first.
    """
    marked = (f".{mark}" if mark else "") + ("" if language == "ja" else IN_ENGLISH)
    return version.removesuffix('"') + f'{marked}"'


def versions(request: Request) -> frozenset[str]:
    """The versions that `If-Match` names, in whatever language and with whatever mark."""
    tags = entity_tags(request, "if-match")
    return tags | {_MARKS.sub('"', tag) for tag in tags}


def matches(request: Request, tag: str) -> bool:
    """Whether `If-None-Match` says that the caller has the version of `tag`."""
    wanted = entity_tags(request, "if-none-match")
    return not wanted.isdisjoint({"*", "W/" + tag.removeprefix("W/")})
