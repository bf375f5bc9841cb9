"""Reads JSON bodies, more strictly than the JSON standard requires."""

import asyncio
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from time import perf_counter, thread_time
from typing import Any, NoReturn, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from app.adapters.database.shares import CallsAtOnce
from app.api.wire.dependencies import dependency
from app.api.wire.problems.answers import UnsupportedMediaType, errors_at, field_name
from app.api.wire.refused_work import READING, ReadingTime
from app.api.wire.requests.head import media_type
from app.domain.access.caller import Caller
from app.domain.characters import compose, is_plain_json, reason_to_refuse
from app.domain.errors import Invalid, Malformed, TooLarge

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

DEEPEST = 100
"""The deepest nesting of objects and lists. Our deepest message has seven levels."""
LARGEST = 2**53 - 1
"""The largest number that every JSON parser reads exactly."""
SLOWEST = 30.0
"""The most seconds in which a body must arrive."""
MOST_VALUES = 2_000
"""The most values in a body: each may become an error, which takes 1 to 3 microseconds. No schema
of the contract takes more than 1,700 together."""
MOST_MEMBERS = 100
"""The most members of one object, which may all be unknown. No object of the contract has 40."""
LONGEST_TEXT = 12_000
"""The most code points of a text. The longest field takes 4,000, each of which may come as a letter
and two marks."""
SMALL = 32 * 1024
"""The most bytes of every body that is no message."""
_LONG = 8 * 1024
"""From this many bytes on, a body is read in a thread: the loop goes on within 5 milliseconds."""
WAIT_FOR_TURN = 5.0
"""Seconds that a long body waits for others of its agency, before it is answered 503."""
_DIGITS = 17
_LONGEST_NUMBER = 40
_OPENING = re.compile(rb'[\[{,]|"(?:[^"\\]++|\\.)*+(?:"|\Z)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class LargestBody:
    """The largest body that a call may send."""

    size: int
    """Bytes."""
    turns: CallsAtOnce = field(default_factory=lambda: CallsAtOnce(1, 1, WAIT_FOR_TURN))
    """Long bodies of an agency that are read at a time: several threads that read take the
    interpreter from the loop again and again."""


class JsonBody:
    """The JSON object of a body: `tree` holds it as a dictionary, `model` validates it."""

    def __init__(self, raw: bytes, tree: dict[str, Any], time: ReadingTime) -> None:
        self._raw = raw
        self._time = time
        self.tree = tree

    def model(self, model: type[M]) -> M:
        """The object as an instance of `model`, without converting types.

        Raises:
            Invalid: it does not fit the model.
        """
        with self._time.count():
            try:
                return model.model_validate_json(self._raw, strict=True)
            except ValidationError as error:
                errors = error.errors(include_url=False, include_input=False)
                raise Invalid(errors_at(errors)) from None


async def read_json(request: Request, *, may_be_empty: bool = False) -> JsonBody:
    """The JSON object in the body of `request`, which is no message and has at most `SMALL` bytes.

    Args:
        may_be_empty: no body at all, whatever its type, counts as an empty object.

    Raises:
        UnsupportedMediaType: the content type is not JSON.
        TooLarge: it has more bytes.
        Malformed, Invalid: as in `parse`.
    """
    limit = min(SMALL, dependency(request, LargestBody).size)
    raw = await _receive(request, limit, may_be_empty=may_be_empty)
    return parse(raw, _reading_time(request))


async def read_message(request: Request, read: Callable[[JsonBody], T]) -> T:
    """What `read` makes of the JSON object in the body of `request`, which may be large.

    A long body is parsed and read in a thread, so that other calls need not wait for it.

    Raises:
        UnsupportedMediaType: the content type is not JSON.
        TooLarge: it has more bytes than `LargestBody` allows.
        Malformed, Invalid: as in `parse` and `read`.
        TimeoutError: other long bodies of the agency are read all the time.
    """
    largest = dependency(request, LargestBody)
    raw = await _receive(request, largest.size)
    if len(raw) < _LONG:
        return read(parse(raw, _reading_time(request)))
    time = _reading_time(request, thread_time)
    caller: Caller = request.state.caller
    async with largest.turns.turn(caller.agency_id, caller.client_id):
        return await asyncio.to_thread(lambda: read(parse(raw, time)))


def _reading_time(request: Request, clock: Callable[[], float] = perf_counter) -> ReadingTime:
    """What counts how long the body of this call is read."""
    time = request.scope["state"][READING] = ReadingTime(clock)
    return time


async def _receive(request: Request, limit: int, *, may_be_empty: bool = False) -> bytes:
    is_json = _is_json(request.headers.get("content-type", ""))
    if not is_json and not may_be_empty:
        raise UnsupportedMediaType
    try:
        async with asyncio.timeout(SLOWEST):
            raw = await _body(request, limit)
    except TimeoutError:
        raise Malformed from None
    if may_be_empty and not raw:
        return b"{}"
    if not is_json:
        raise UnsupportedMediaType
    return raw


def parse(raw: bytes, time: ReadingTime | None = None) -> JsonBody:
    """The JSON object in `raw`, its text as it was sent but for kana and Latin letters, composed.

    Raises:
        Malformed: it is not a JSON object in UTF-8, or a name occurs twice in an object.
        Invalid: it or one of its objects holds too many values, or it holds text that is not
            taken, or a number that is too large.
    """
    time = time or ReadingTime()
    with time.count():
        return JsonBody(*_parse(raw), time)


def _parse(raw: bytes) -> tuple[bytes, dict[str, Any]]:
    """A text of JSON as it is to be read, and what it says."""
    _check_count(raw)
    numbers = _Numbers()
    try:
        text = raw.decode()
        tree = numbers.decoder().decode(text)
    except (ValueError, RecursionError):
        raise Malformed from None
    if not isinstance(tree, dict):
        raise Malformed
    if not numbers.bad and not numbers.rewritten and _is_plain(text, tree):
        return raw, tree
    checked = _check(tree, ())
    return json.dumps(checked, ensure_ascii=False).encode(), checked


def _check_count(raw: bytes) -> None:
    """Refuse more than `MOST_VALUES`, before anything is made of them."""
    if raw.count(b",") + raw.count(b"[") + raw.count(b"{") < MOST_VALUES:
        return
    # Those inside of strings do not count.
    openings = (match for match in _OPENING.finditer(raw) if match[0][:1] != b'"')
    if next(islice(openings, MOST_VALUES - 1, None), None) is not None:
        raise Invalid.at("", "too_many_values")


class _BadNumber:
    """Marks the position of a number that is out of range, to report it later."""


_BAD_NUMBER = _BadNumber()


class _Numbers:
    """Reads the numbers of one text, and records whether one was out of range.

    A whole number is one however it is written: JSON Schema counts `1.0` as an integer.
    """

    def __init__(self) -> None:
        self.bad = False
        self.rewritten = False

    def decoder(self) -> json.JSONDecoder:
        return json.JSONDecoder(
            object_pairs_hook=_unique_names,
            parse_int=self._whole,
            parse_float=self._fraction,
            parse_constant=_no_number,
        )

    def _whole(self, text: str) -> int | _BadNumber:
        number = int(text) if len(text) <= _DIGITS else LARGEST + 1
        return number if abs(number) <= LARGEST else self._note_bad()

    def _fraction(self, text: str) -> float | _BadNumber:
        number = float(text) if len(text) <= _LONGEST_NUMBER else LARGEST + 1.0
        if abs(number) > LARGEST:
            return self._note_bad()
        if not number.is_integer():
            return number
        self.rewritten = True
        return int(number)

    def _note_bad(self) -> _BadNumber:
        self.bad = True
        return _BAD_NUMBER


def _no_number(_name: str) -> NoReturn:
    raise ValueError("not JSON")


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_MEMBERS:
        raise Invalid.at("", "too_many_values")
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name occurs twice")
    return members


def _is_plain(text: str, tree: dict[str, Any]) -> bool:
    """Whether there is nothing to compose or refuse in it, which is so for nearly all bodies.

    It searches the text instead of walking the tree: 10 µs instead of 120 for a body of 2 kB.
    """
    if text.count("{") + text.count("[") > DEEPEST:
        return False
    return is_plain_json(json.dumps(tree, ensure_ascii=False) if "\\" in text else text)


def _check(value: Any, place: tuple[object, ...]) -> Any:
    """`value` with its letters composed; the same object where nothing changes."""
    if isinstance(value, str):
        return _text(value, place)
    if isinstance(value, dict):
        return _object(value, place)
    if isinstance(value, list):
        _not_too_deep(place)
        items = [_check(part, (*place, index)) for index, part in enumerate(value)]
        return value if _same(items, value) else items
    if value is _BAD_NUMBER:
        raise _invalid_at(place, "number_out_of_range")
    return value


def _object(value: dict[str, Any], place: tuple[object, ...]) -> dict[str, Any]:
    _not_too_deep(place)
    members = {
        _text(name, (*place, name)): _check(part, (*place, name)) for name, part in value.items()
    }
    if len(members) != len(value):
        raise Malformed  # two names are equal when composed
    same = _same(members, value) and _same(members.values(), value.values())
    return value if same else members


def _same(checked: Iterable[Any], value: Iterable[Any]) -> bool:
    return all(a is b for a, b in zip(checked, value, strict=True))


def _text(text: str, place: tuple[object, ...]) -> str:
    reason = "string_too_long" if len(text) > LONGEST_TEXT else reason_to_refuse(text)
    if reason is not None:
        raise _invalid_at(place, reason)
    return compose(text)


def _not_too_deep(place: tuple[object, ...]) -> None:
    if len(place) >= DEEPEST:
        raise _invalid_at(place, "too_deep")


def _invalid_at(place: tuple[object, ...], reason: str) -> Invalid:
    return Invalid.at("".join(f"/{field_name(part)}" for part in place), reason)


@lru_cache(maxsize=64)  # bounded, because callers choose the text
def _is_json(content_type: str) -> bool:
    kind = media_type(content_type) or ""
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


async def _body(request: Request, limit: int) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > _DIGITS or int(length) > limit):
        raise TooLarge(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge(limit)
    return bytes(body)
