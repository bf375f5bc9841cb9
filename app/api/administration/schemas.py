"""Schemas of an agency's own seats and clients."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from app.api.wire.documented import both
from app.api.wire.schemas import AT, Moment, Next, Shape, like

_SEAT: Mapping[str, Any] = {
    "id": "center-13.decider",
    "name": "センター長",
    "role": "decider",
    "classes": ["C0", "C1", "C2"],
    "created_at": AT,
    "disabled_at": None,
}
_CLIENT: Mapping[str, Any] = {
    "id": "center-13.system",
    "name": "業務システム",
    "seats": ["center-13.decider"],
    "proof": "secret",
    "dpop_required": False,
    "created_at": AT,
    "disabled_at": None,
}


class OwnSeatOut(Shape):
    """自機関の席。

    A seat of this agency.
    """

    model_config = like(_SEAT)

    id: str
    name: str
    role: str
    classes: list[str] = Field(
        description=both("開けるデータ区分", "The data classes that it can open")
    )
    created_at: Moment
    disabled_at: Moment | None = Field(
        description=both(
            "停止した時刻。使えるなら null", "When it was disabled; null if it can be used"
        )
    )


class OwnSeatPage(Shape):
    """席の1頁。IDの順。

    A page of seats, in the order of their ids.
    """

    model_config = like({"items": [_SEAT], "next": None})

    items: list[OwnSeatOut]
    next: Next


class OwnClientOut(Shape):
    """自機関の接続システム。秘密は含まない。

    A client of this agency, without its secret.
    """

    model_config = like(_CLIENT)

    id: str
    name: str
    seats: list[str] = Field(
        description=both(
            "代表できる席。最初が既定", "The seats that it can speak for; the first is the default"
        )
    )
    proof: str = Field(
        description=both(
            "secret 秘密、key 公開鍵、none まだない",
            "secret, key (a public key), or none (not yet)",
        )
    )
    dpop_required: bool = Field(
        description=both(
            "鍵に結んだトークンだけを受け取れるか",
            "Whether it can get only tokens that are bound to a key",
        )
    )
    created_at: Moment
    disabled_at: Moment | None = Field(
        description=both(
            "停止した時刻。使えるなら null", "When it was disabled; null if it can be used"
        )
    )


class OwnClientPage(Shape):
    """接続システムの1頁。IDの順。

    A page of clients, in the order of their ids.
    """

    model_config = like({"items": [_CLIENT], "next": None})

    items: list[OwnClientOut]
    next: Next


class ClientSecretOut(Shape):
    """接続システムの新しい秘密。再び読むことはできない。

    The new secret of a client. It cannot be read again.
    """

    model_config = like(
        {
            "client_id": "center-13.system",
            "secret": "tsc_…",
        }
    )

    client_id: str
    secret: str = Field(
        description=both(
            "控えは保存されない。`client_secret` として使う",
            "No copy is kept. Use it as `client_secret`",
        )
    )
