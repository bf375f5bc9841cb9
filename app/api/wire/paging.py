"""Lists in pages: how many at once, where the next one begins, and the cursor that says so."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, TypeAdapter

from app.api.wire.documented import COMPONENT, both
from app.domain.errors import Invalid

LAST = 2**53 - 1
"""The largest number of a place: beyond it, not every reader of JSON keeps whole numbers apart."""

Limit = Annotated[int, Query(ge=1, le=100, description=both("1頁の件数", "How many on a page"))]
LongLimit = Annotated[
    int,
    Query(
        ge=1,
        le=200,
        description=both("1頁の件数", "How many on a page"),
        json_schema_extra={COMPONENT: "LongLimit"},
    ),
]
"""For lists of short rows."""
Cursor = Annotated[
    str | None,
    Query(max_length=300, description=both("前の頁の `next`", "`next` of the page before")),
]


def _plus_kept(text: Any) -> Any:
    # In a query a plain + is a space, and everybody forgets to write %2B.
    return text.replace(" ", "+") if isinstance(text, str) else text


def _of_our_times(at: datetime) -> datetime:
    if not 1868 <= at.year <= 2200:  # PostgreSQL's driver cannot say every other
        raise ValueError("not a time of ours")
    return at


Since = Annotated[AwareDatetime, BeforeValidator(_plus_kept), AfterValidator(_of_our_times)]
"""A moment that a caller names."""

_MOMENT: TypeAdapter[datetime] = TypeAdapter(Since)

T = TypeVar("T")


def page(
    found: Sequence[T],
    limit: int,
    shown: Callable[[T], Any],
    place: Callable[[T], Sequence[object]],
) -> dict[str, Any]:
    """The first `limit` of what was found, and a cursor if one more was.

    Args:
        found: in order; asked for with `limit + 1`.
        shown: one of them, as the caller reads it.
        place: what the cursor has to remember of the last one, to go on after it.
    """
    rows = found[:limit]
    following = cursor_of(*place(rows[-1])) if len(found) > limit else None
    return {"items": [shown(row) for row in rows], "next": following}


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


def moment_in(text: str) -> datetime:
    """The moment that a part of a cursor says.

    Raises:
        ValueError: it says none that PostgreSQL's driver can say too.
    """
    return _MOMENT.validate_python(text)


def moment_and_id_in(cursor: str | None) -> tuple[datetime, UUID] | None:
    """The moment and the id that a cursor remembers.

    Raises:
        Invalid: it is none of ours.
    """
    if cursor is None:
        return None
    at, last = parts_of(cursor, 2)
    try:
        return moment_in(at), UUID(last)
    except ValueError:
        raise bad_cursor() from None


def day_and_id_in(cursor: str | None) -> tuple[date, UUID] | None:
    """The day and the id that a cursor remembers.

    Raises:
        Invalid: it is none of ours.
    """
    if cursor is None:
        return None
    day, last = parts_of(cursor, 2)
    try:
        return date.fromisoformat(day), UUID(last)
    except ValueError:
        raise bad_cursor() from None


def number_in(cursor: str | None) -> int:
    """The number that a cursor remembers; 0 without one.

    Raises:
        Invalid: it is none of ours.
    """
    if cursor is None:
        return 0
    (number,) = parts_of(cursor, 1)
    if not (number.isascii() and number.isdecimal() and len(number) < 16):
        raise bad_cursor()
    return int(number)
