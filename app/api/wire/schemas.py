"""Base classes and common fields of the published schemas. The routes write the JSON themselves."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.api.wire.documented import both
from app.domain.text import Text

REFERRAL = "01936b7e-2f00-7c3a-9d52-6b1f0c4e8a01"
MESSAGE = "01936b7e-5a10-7f21-8c44-0d7f3a6b9e02"
ACT = "01936b7e-9b00-7e5c-a1d0-3f7b2c6d8e05"
CASE = "01936b7e-2f00-7a11-b3c5-92d4e1f07a00"
AT = "2026-11-20T10:15:00.123+09:00"
DIGEST = "sha256:6b58b6732d63a743f645997b9c5e3fde0295251339f144e5e3da6894f23432f5"
SALT = "q83vEjRWeJCrze8SNFZ4kA"
RECEIPT = (
    "eyJhbGciOiJFUzI1NiIsInR5cCI6InRzdW5hZ3UtcmVjZWlwdCtqd3QifQ"
    ".eyJtZXNzYWdlX2lkIjoiMDE5MzZiN2UifQ.c2lnbmF0dXJl"
)

REFERRAL_ID = Text(
    "案件のID(最初の通信文のIDに等しい)", "The id of the referral (that of its first message)"
)
MESSAGE_ID = Text("通信文のID", "The id of the message")
CASE_ID = Text(
    "事案(一つの綴りになる案件の全て)のID(案件の `case_id`)",
    "The id of the case, that is of all referrals that belong together (`case_id` of a referral)",
)
ACT_ID = Text("二つの席が要る行為のID", "The id of the act that takes two seats")

Uuid = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Moment = Annotated[
    str,
    Field(
        description=both("RFC 3339、ミリ秒、+09:00", "RFC 3339, with milliseconds, +09:00"),
        json_schema_extra={"format": "date-time"},
    ),
]
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
Next = Annotated[
    str | None,
    Field(
        description=both(
            "次の頁のカーソル。null なら終わり", "The cursor of the next page; null at the end"
        )
    ),
]


class Shape(BaseModel):
    """An answer."""

    model_config = ConfigDict(populate_by_name=True)


def like(example: Mapping[str, Any]) -> ConfigDict:
    """The configuration of an answer that has this example."""
    return ConfigDict(populate_by_name=True, json_schema_extra={"examples": [dict(example)]})


def example_of(shape: type[Shape]) -> Any:
    """The example of an answer."""
    extra: Any = shape.model_config.get("json_schema_extra")
    return extra["examples"][0] if extra else None
