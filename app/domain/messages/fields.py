"""Kinds of value that the fields of a body hold, each with its limits."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from annotated_types import GroupedMetadata, MaxLen, MinLen
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from app.domain.directory.areas import is_code
from app.domain.vocabulary.code import EachOnce

EARLIEST = date(1868, 1, 1)
LATEST = date(2200, 12, 31)
MOST_ITEMS = 50
NOT_YET = "not_yet"
"""The reason against a day that is said to have come and has not."""

_MOMENT = TypeAdapter(datetime)
_HALF_WIDTH = re.compile("[\uff61-\uff9f]")
# ヿ and ゟ are two letters in one, ゝ to ヾ and 〱 to 〵 repeat; ゠ and ＝ stand between parts.
_KANA = r"^(?:[\u30a0-\u30ff\u31f0-\u31ffゝゞゟ\u3031-\u3035＝][\u3099\u309a]?|[\u3000 ])+$"
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DayRange:
    """How far a day may be from the day on which it is sent (see `messages/days.py`)."""

    back: int
    """Years."""
    ahead: int
    """Years; 0 if the day has come, and less if it came that long ago."""

    def reason_against(self, day: date, today: date) -> str | None:
        """Why a day cannot be, or nothing."""
        if day < _years_after(today, -self.back):
            return "too_long_ago"
        if day <= _years_after(today, self.ahead):
            return None
        if self.ahead > 0:
            return "too_far_ahead"
        return NOT_YET if day > today else "too_young"


@dataclass(frozen=True, slots=True)
class ListOf(GroupedMetadata):
    """What holds of every list: it has so many items at least, and 50 at most; and no code, id,
    number or text twice."""

    least: int

    def __iter__(self) -> Iterator[object]:
        """What Pydantic reads."""
        yield from (MinLen(self.least), MaxLen(MOST_ITEMS)) if self.least else (MaxLen(MOST_ITEMS),)
        yield EachOnce()


def _years_after(day: date, years: int) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + years, day=28 if is_leap_day else day.day)


def _only_iso(value: Any) -> Any:
    # Pydantic would take a number of seconds, or a moment at midnight, for a day.
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _ISO_DAY.fullmatch(value):
        # Read here: behind a validator of ours, strict Pydantic no longer takes text for a day.
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise PydanticCustomError("date_form", "a date is written YYYY-MM-DD")


def _known_area(code: str) -> str:
    if not is_code(code):
        raise PydanticCustomError("area_code", "not a six-digit code of a Japanese area")
    return code


def _in_our_time(day: date) -> date:
    if not EARLIEST <= day <= LATEST:
        raise PydanticCustomError("date_range", "a day from 1868-01-01 to 2200-12-31")
    return day


def _only_text(value: Any) -> Any:
    # Pydantic would take a number of seconds for an instant.
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and "T" in value:
        # Read here, for the same reason as a day.
        with suppress(ValueError):
            return _MOMENT.validate_python(value)
    raise PydanticCustomError("moment_form", "an instant is written YYYY-MM-DDThh:mm:ss+09:00")


def _moment_in_our_time(moment: datetime) -> datetime:
    _in_our_time(moment.date())
    return moment


def _full_width(value: Any) -> Any:
    if isinstance(value, str) and _HALF_WIDTH.search(value):
        raise PydanticCustomError("half_width", "katakana of full width")
    return value


Day = Annotated[
    date,
    BeforeValidator(_only_iso, json_schema_input_type=date),
    AfterValidator(_in_our_time),
    DayRange(back=10, ahead=50),
]
"""A day (GIF DS-441), planned or past, as far as a referral reaches. It is 1868 to 2200, and when
it is sent within its range. Japanese eras begin with Meiji for the people we serve."""
PastDay = Annotated[Day, DayRange(back=10, ahead=0)]
"""A day that has come: on which something was done, said or decided."""
SentenceDay = Annotated[Day, DayRange(back=60, ahead=50)]
"""A day of a sentence, which may be for life."""
BirthDay = Annotated[Day, DayRange(back=130, ahead=-14)]
"""A birth. Nobody under 14 is punished (刑法41条)."""
LifeDay = Annotated[Day, DayRange(back=130, ahead=0)]
"""A day of a person's life that has come."""
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_only_text, json_schema_input_type=datetime),
    AfterValidator(_moment_in_our_time),
    DayRange(back=10, ahead=0),
]
"""An instant with its offset (RFC 3339), 1868 to 2200, whose day has come when it is sent."""
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["09:30"])]
"""A time in Japan, hours and minutes."""
Flag = Annotated[bool, Field(strict=True)]
"""Yes or no, as a JSON boolean only."""
Name = Annotated[str, Field(max_length=100, pattern=r"\S")]
"""A name or a short designation."""
Kana = Annotated[
    str,
    Field(max_length=100, pattern=_KANA),
    BeforeValidator(_full_width),  # before the pattern, whose reason would say less
]
"""A name as it is read, in full-width katakana: with the small ㇰ to ㇿ, with セ゚ and other letters
that Unicode has only with a mark, and with what stands between the parts of a foreign name."""
Words = Annotated[str, Field(max_length=1000, pattern=r"\S")]
"""A few sentences."""
Passage = Annotated[str, Field(max_length=4000, pattern=r"\S")]
"""A page of text."""
Phone = Annotated[
    str, Field(max_length=20, pattern=r"^[0-9()+-]+$", examples=["(03)5253-1111", "090-0000-0000"])
]
"""A telephone number as GIF DS-432 writes it."""
AreaCode = Annotated[
    str,
    Field(pattern=r"^[0-9]{6}$", examples=["130001", "131016"]),
    AfterValidator(_known_area),
]
"""全国地方公共団体コード of a prefecture or a municipality, six digits with check digit."""
AgencyId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", examples=["center-13"])]
"""An agency of the directory."""
Recipient = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", examples=["center-13", "settlement_center"]),
]
"""An agency of the directory, or a kind of agency."""
SeatId = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,95}$", examples=["center-13.case_worker"])
]
"""A seat of an agency."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of a file, 64 lowercase hexadecimal digits."""
Reference = Annotated[str, Field(max_length=64, pattern=r"\S", examples=["保観第123号"])]
"""A document number as the agency writes it."""
Count = Annotated[int, Field(strict=True, ge=0, le=10_000)]
"""A number of days, minutes or pages."""
Several = ListOf(0)
"""A list of at most 50."""
AtLeastOne = ListOf(1)
"""A list of 1 to 50."""
