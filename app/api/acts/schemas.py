"""Schemas of acts that take two seats."""

import json
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.api.wire.documented import both
from app.api.wire.problems.answers import errors_at
from app.api.wire.schemas import ACT, AT, REFERRAL, Moment, Next, Shape, Uuid, like
from app.domain.acts.acts import KINDS, ActKind, ActState
from app.domain.errors import Invalid

_KINDS = both(
    "、".join(f"`{name}` {kind.title.ja}" for name, kind in KINDS.items()),
    ", ".join(f"`{name}`: {kind.title.en}" for name, kind in KINDS.items()),
)
_TARGETS = both(
    "、".join(f"`{name}` {kind.target.ja}" for name, kind in KINDS.items()),
    ", ".join(f"`{name}`: {kind.target.en}" for name, kind in KINDS.items()),
)


class ActIn(BaseModel):
    """二つの席が要る行為の提案。

    The proposal of an act that takes two seats.
    """

    model_config = ConfigDict(extra="forbid")

    id: Annotated[
        UUID,
        Field(
            title=both("行為のID", "The id of the act"),
            description=both(
                "送る側が付ける。再送には同じものを使う。",
                "The sender makes it. Use the same to send again.",
            ),
        ),
    ]
    kind: Annotated[
        str,
        Field(
            title=both("種類", "The kind"),
            description=_KINDS,
            json_schema_extra={"enum": list(KINDS)},
        ),
    ]
    target: Annotated[
        str,
        Field(
            title=both("対象", "The target"),
            description=_TARGETS,
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$",
            examples=[REFERRAL],
        ),
    ]
    detail: Annotated[
        dict[str, Any],
        Field(
            title=both("詳細", "The detail"),
            description=both(
                "種類ごとに決まる。符号・ID・数だけで、文は書けない。",
                "Depends on the kind. Only codes, ids and numbers; no prose.",
            ),
        ),
    ] = {}

    def named_target(self) -> str:
        """The target; a referral's id as the service writes it."""
        referral = self.kind in KINDS and KINDS[self.kind].concerns_referral
        return self.target.lower() if referral else self.target

    def checked_detail(self) -> dict[str, Any]:
        """The detail as its kind has it.

        Raises:
            Invalid: there is no such kind, its target is no referral's id, or it has another shape.
        """
        if self.kind not in KINDS:
            raise Invalid.at("/kind", "enum", KINDS)
        kind = KINDS[self.kind]
        if kind.concerns_referral and not _is_uuid(self.target):
            raise Invalid.at("/target", "uuid_parsing")
        try:
            return _read(kind, self.detail)
        except ValidationError as error:
            errors = error.errors(include_url=False, include_input=False)
            raise Invalid(errors_at(errors, "/detail")) from None


def _read(kind: ActKind, detail: dict[str, Any]) -> dict[str, Any]:
    return kind.detail.model_validate_json(json.dumps(detail), strict=True).model_dump(mode="json")


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


_ACT: Mapping[str, Any] = {
    "id": ACT,
    "kind": "hold.set",
    "title": "消去を止める(リーガルホールド)",
    "target": REFERRAL,
    "detail": {"reason": "litigation", "whole_case": False},
    "state": "proposed",
    "proposed_at": AT,
    "proposed_by": "center-13.records_officer",
    "expires_at": "2026-11-27T10:15:00.123+09:00",
    "decided_at": None,
    "decided_by": None,
    "outcome": {},
}
_STATES = both(
    "、".join(f"{state.value} {state.ja}" for state in ActState),
    "proposed: waits for a second seat; approved: approved and carried out; refused; withdrawn; "
    "expired; failed: approved, but it could not be carried out",
)


class ActOut(Shape):
    """二つの席が要る行為。

    An act that takes two seats.
    """

    model_config = like(_ACT)

    id: Uuid
    kind: str
    title: str
    target: str
    detail: dict[str, Any]
    state: str = Field(description=_STATES)
    proposed_at: Moment
    proposed_by: str = Field(description=both("提案した席", "The seat that proposed it"))
    expires_at: Moment = Field(
        description=both(
            "この時刻までに承認されなければ、期限切れ",
            "If it is not approved by this time, it expires",
        )
    )
    decided_at: Moment | None
    decided_by: str | None = Field(
        description=both("決めた席。期限切れでは null", "The seat that decided; null if it expired")
    )
    outcome: dict[str, Any] = Field(
        description=both(
            "実行の結果。failed では `reason` に理由の符号。ほかは種類ごと",
            "What came of it. If failed, `reason` is the code of the reason; otherwise it "
            "depends on the kind",
        )
    )


class ActPage(Shape):
    """行為の1頁。新しい順。

    A page of acts, newest first.
    """

    model_config = like({"items": [_ACT], "next": None})

    items: list[ActOut]
    next: Next
