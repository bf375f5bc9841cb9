"""What the routes of an agency's own administration answer."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

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
    """自機関の席。"""

    model_config = like(_SEAT)

    id: str
    name: str
    role: str
    classes: list[str] = Field(description="開けるデータ区分")
    created_at: Moment
    disabled_at: Moment | None = Field(description="停止した時刻。使えるなら null")


class OwnSeatPage(Shape):
    """席の1頁。IDの順。"""

    model_config = like({"items": [_SEAT], "next": None})

    items: list[OwnSeatOut]
    next: Next


class OwnClientOut(Shape):
    """自機関の接続システム。秘密は含まない。"""

    model_config = like(_CLIENT)

    id: str
    name: str
    seats: list[str] = Field(description="代表できる席。最初が既定")
    proof: str = Field(description="secret 秘密、key 公開鍵、none まだない")
    dpop_required: bool = Field(description="鍵に結んだトークンだけを受け取れるか")
    created_at: Moment
    disabled_at: Moment | None = Field(description="停止した時刻。使えるなら null")


class OwnClientPage(Shape):
    """接続システムの1頁。IDの順。"""

    model_config = like({"items": [_CLIENT], "next": None})

    items: list[OwnClientOut]
    next: Next


class ClientSecretOut(Shape):
    """接続システムの新しい秘密。再び読むことはできない。"""

    model_config = like(
        {
            "client_id": "center-13.system",
            "secret": "tsc_…",
        }
    )

    client_id: str
    secret: str = Field(description="控えは保存されない。`client_secret` として使う")
