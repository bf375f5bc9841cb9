"""How code sets are made: each code with its Japanese title, closed or open.

Where a set is not known for certain it is *known values of an open set*: a field of it is typed
`OpenCode` and takes any code of the right form.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema


class Code(StrEnum):
    """A code with the Japanese words for it."""

    ja: str

    def __new__(cls, value: str, ja: str) -> Self:
        """A member: its code, and its title."""
        code = str.__new__(cls, value)
        code._value_ = value
        code.ja = ja
        return code

    @classmethod
    def titles(cls) -> Mapping[str, str]:
        """Every code of the set with its title, in order."""
        return {code.value: code.ja for code in cls}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The set's schema, with the titles in it."""
        reference = handler(core_schema)
        handler.resolve_ref_schema(reference)["x-titles"] = dict(cls.titles())
        return reference


class EachOnce:
    """Marks a list of codes, ids or numbers: none stands in it twice. Of two persons or papers the
    same may be said, so lists of objects stay as they are."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """The list's schema, with the check behind it."""
        return core_schema.no_info_after_validator_function(_check_each_once, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The list's schema, with `uniqueItems`."""
        form = handler(schema)
        for option in form.get("anyOf", [form]):
            items = handler.resolve_ref_schema(option.get("items", {"type": "object"}))
            if items.get("type") != "object":
                option["uniqueItems"] = True
        return form


def _check_each_once(values: Sequence[Any] | None) -> Sequence[Any] | None:
    seen = set()
    repeated = []
    for index, value in enumerate(values or ()):
        if isinstance(value, BaseModel):
            return values
        if value in seen:
            reason = PydanticCustomError("given_twice", "it stands in the list already")
            repeated.append(InitErrorDetails(type=reason, loc=(index,), input=value))
        seen.add(value)
    if repeated:
        raise ValidationError.from_exception_data("list", repeated)
    return values


OpenCode = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
"""A code of an open set: the known values are in the schema, others are taken as they are."""


class Known:
    """Marks an `OpenCode` field with the values that are known today."""

    def __init__(self, codes: type[Code], *, alone: bool = False) -> None:
        """Mark a field.

        Args:
            alone: the message takes no other value. The schema has them as `x-taken-values`, and
                no `enum`, since a released contract takes any code.
        """
        self.codes = codes
        self.alone = alone

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The field's schema, with the known values as examples."""
        known = dict(self.codes.titles())
        taken = {"x-taken-values": list(known)} if self.alone else {}
        form = {**handler(core_schema), **taken}
        return {**form, "examples": list(known)[:4], "x-known-values": known}
