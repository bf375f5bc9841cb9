"""Days that cannot come before others."""

from datetime import date
from typing import Any

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError


def not_before(first: str, *later: str) -> Any:
    """A validator of the fields `later`: their days are not before the day of the field `first`.

    `first` is declared before them. Days that are not given are not compared.
    """

    def check(day: date | None, info: ValidationInfo) -> date | None:
        earliest = info.data.get(first)
        if day is not None and earliest is not None and day < earliest:
            raise PydanticCustomError("days_out_of_order", "a day before one that it follows")
        return day

    return field_validator(*later, mode="after")(check)


def not_after(last: str, *earlier: str) -> Any:
    """A validator of the fields `earlier`: their days are not after the day of the field `last`.

    `last` is declared before them. Days that are not given are not compared.
    """

    def check(day: date | None, info: ValidationInfo) -> date | None:
        latest = info.data.get(last)
        if day is not None and latest is not None and day > latest:
            raise PydanticCustomError("days_out_of_order", "a day after one that follows it")
        return day

    return field_validator(*earlier, mode="after")(check)
