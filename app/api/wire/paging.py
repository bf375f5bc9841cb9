"""Pages of lists: their size, and the cursor of the next page."""

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

POINTER = "/query/cursor"
"""Where a refusal points if it is about a cursor."""
LAST = 2**53 - 1
"""The largest position: JSON parsers may not read larger integers exactly."""

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


def _restore_plus(text: Any) -> Any:
    # In a query + means a space, and callers often forget to write %2B.
    return text.replace(" ", "+") if isinstance(text, str) else text


def _check_year(at: datetime) -> datetime:
    if not 1868 <= at.year <= 2200:  # PostgreSQL's driver does not take all others
        raise ValueError("year out of range")
    return at


Since = Annotated[AwareDatetime, BeforeValidator(_restore_plus), AfterValidator(_check_year)]
"""A time in a query."""

_MOMENT: TypeAdapter[datetime] = TypeAdapter(Since)

T = TypeVar("T")


def page(
    rows: Sequence[T],
    limit: int,
    describe: Callable[[T], Any],
    place: Callable[[T], Sequence[object]],
) -> dict[str, Any]:
    """A page of the first `limit` rows, with a cursor if there are more.

    Args:
        rows: in order, queried with `limit + 1`.
        describe: one row as the caller reads it.
        place: the parts of the cursor that points after a row.
    """
    shown = rows[:limit]
    following = cursor_of(*place(shown[-1])) if len(rows) > limit else None
    return {"items": [describe(row) for row in shown], "next": following}


def cursor_of(*parts: object) -> str:
    """A cursor that encodes `parts`. Callers send it back unchanged."""
    return urlsafe_b64encode(json.dumps([str(p) for p in parts]).encode()).decode().rstrip("=")


def parts_of(cursor: str, count: int, pointer: str = POINTER) -> list[str]:
    """The parts of a cursor.

    Raises:
        Invalid: it is not one of our cursors.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parts = json.loads(urlsafe_b64decode(padded))
    except (ValueError, RecursionError):
        raise bad_cursor(pointer) from None
    if not isinstance(parts, list) or len(parts) != count or not all(type(p) is str for p in parts):
        raise bad_cursor(pointer)
    if cursor_of(*parts) != cursor:  # Python's decoder passes over what is not of its alphabet
        raise bad_cursor(pointer)
    return parts


def bad_cursor(pointer: str = POINTER) -> Invalid:
    """The refusal of an invalid cursor."""
    return Invalid.at(pointer, "cursor")


def moment_in(text: str) -> datetime:
    """The time in a part of a cursor.

    Raises:
        ValueError: it is not a time, or is out of range.
    """
    return _MOMENT.validate_python(text)


def moment_and_id_in(cursor: str | None) -> tuple[datetime, UUID] | None:
    """The time and the id in a cursor; None without one.

    Raises:
        Invalid: it is not one of our cursors.
    """
    if cursor is None:
        return None
    at, last = parts_of(cursor, 2)
    try:
        return moment_in(at), UUID(last)
    except ValueError:
        raise bad_cursor() from None


def day_and_id_in(cursor: str | None) -> tuple[date, UUID] | None:
    """The day and the id in a cursor; None without one.

    Raises:
        Invalid: it is not one of our cursors.
    """
    if cursor is None:
        return None
    day, last = parts_of(cursor, 2)
    try:
        return date.fromisoformat(day), UUID(last)
    except ValueError:
        raise bad_cursor() from None


def number_in(cursor: str | None, pointer: str = POINTER) -> int:
    """The number in a cursor; 0 without one.

    Args:
        pointer: where the cursor was sent.

    Raises:
        Invalid: it is not one of our cursors.
    """
    if cursor is None:
        return 0
    (number,) = parts_of(cursor, 1, pointer)
    if not (number.isascii() and number.isdecimal() and len(number) < 16):
        raise bad_cursor(pointer)
    return int(number)
