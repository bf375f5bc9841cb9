"""What is administered: the details of acts on seats, clients, agencies and master keys.

A seat that operates the service is given by whoever has the owner's login, and by nobody else.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.domain.classes import DataClass
from app.domain.errors import ActImpossible
from app.domain.vocabulary.code import Code, EachOnce

SECRET_LIVES = timedelta(hours=1)
"""The time after the approval in which the proposing seat can fetch a client's new secret."""

CLIENT_NAME = "業務システム"
"""The name of a client that is added by an act: acts hold no free text."""

_ID = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
_LONGEST_ID = 64
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
"""P-256, of which every public key is a point: y² = x³ - 3x + b (SP 800-186 §3.2.1.3)."""


class Role(Code):
    """A seat's role, of those that an agency gives."""

    DECIDER = "decider", "所長等(決裁)"
    CASE_WORKER = "case_worker", "担当"
    VIEWER = "viewer", "閲覧"
    RECORDS_OFFICER = "records_officer", "記録責任者"


class _Detail(BaseModel):
    model_config = ConfigDict(extra="forbid")


Classes = Annotated[
    list[DataClass],
    Field(title="開けるデータ区分", min_length=1, max_length=9, examples=[["C0", "C1"]]),
    EachOnce(),
]
SeatIds = Annotated[
    list[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,127}$")]],
    Field(title="代表できる席(最初が既定)", min_length=1, max_length=20),
    EachOnce(),
]
Coordinate = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]


class SeatDetail(_Detail):
    """新しい席の役割と、開けるデータ区分。"""

    role: Annotated[Role, Field(title="役割", examples=["case_worker"])]
    classes: Classes


class SeatChange(_Detail):
    """席の役割と区分のうち、変えるもの。"""

    role: Annotated[Role | None, Field(title="役割")] = None
    classes: Classes | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "SeatChange":
        if self.role is None and self.classes is None:
            raise ValueError("nothing is changed")
        return self


class PublicKey(_Detail):
    """P-256 の公開鍵(JWK の x と y)。"""

    x: Coordinate
    y: Coordinate

    @model_validator(mode="after")
    def _on_curve(self) -> "PublicKey":
        x, y = _number(self.x), _number(self.y)
        if not (0 <= x < _P and 0 <= y < _P) or (y * y - x * x * x + 3 * x - _B) % _P:
            raise ValueError("not a point of P-256")
        return self

    def jwk(self) -> Mapping[str, str]:
        """The key as clients are registered with."""
        return {"kty": "EC", "crv": "P-256", "x": self.x, "y": self.y}


class LinkDetail(_Detail):
    """接続システムが代表できる席。"""

    seats: SeatIds


class ClientDetail(LinkDetail):
    """新しい接続システムの席と、秘密の代わりの公開鍵。"""

    public_key: Annotated[
        PublicKey | None, Field(title="公開鍵", description="なければ秘密を受け取る")
    ] = None


class KeyDetail(_Detail):
    """接続システムの新しい公開鍵。"""

    public_key: PublicKey


def check_new_id(agency_id: str, new_id: str) -> None:
    """Refuse an id that an agency may not give: it begins with its own, so that nobody learns
    from a refusal which ids others have.

    Raises:
        ActImpossible: `not_own_id` or `bad_id`.
    """
    if not new_id.startswith(f"{agency_id}."):
        raise ActImpossible("not_own_id")
    if len(new_id) > _LONGEST_ID or not _ID.fullmatch(new_id):
        raise ActImpossible("bad_id")


def public_jwk(detail: Mapping[str, Any]) -> Mapping[str, str] | None:
    """The key in an act's detail, as clients are registered with; None if it has none."""
    public_key = detail.get("public_key")
    return PublicKey(**public_key).jwk() if public_key else None


def _number(coordinate: str) -> int:
    # 43 characters hold 258 bits; the last two have to be none.
    bits = 0
    for character in coordinate:
        bits = bits << 6 | _ALPHABET.index(character)
    return bits >> 2 if bits & 3 == 0 else -1


_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
