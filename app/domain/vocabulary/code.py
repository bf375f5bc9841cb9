"""How code sets are made: each code with its Japanese title, closed or open.

Where a set is not known for certain it is *known values of an open set*: a field of it is typed
`OpenCode` and takes any code of the right form.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema


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
