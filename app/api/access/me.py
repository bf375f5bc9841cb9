"""The route that shows the seat, the scopes and the expiry of a token."""

from datetime import timedelta, timezone
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from app.adapters.access.clients import StoredClients
from app.api.wire.caller import require_token
from app.api.wire.dependencies import current_directory, dependency
from app.api.wire.documented import both, documented
from app.auth.tokens import Access
from app.domain.errors import NotAuthenticated
from app.domain.text import Text

router = APIRouter(prefix="/v1", tags=["me"])

_JST = timezone(timedelta(hours=9))


class AgencyOut(BaseModel):
    """席の属する機関。

    The agency that the seat belongs to.
    """

    id: str
    name: str
    kind: str


class SeatOut(BaseModel):
    """席。

    A seat.
    """

    id: str
    role: str
    classes: list[str] = Field(
        description=both("この席が開けるデータ区分", "The data classes that this seat can open")
    )


class MeOut(BaseModel):
    """このトークンが誰を代表するか。

    Whom this token stands for.
    """

    client_id: str
    agency: AgencyOut
    seat: SeatOut
    scopes: list[str] = Field(
        description=both("このトークンに許された範囲", "The scopes of this token")
    )
    expires_at: str = Field(
        description=both("失効の時刻", "When it expires"), json_schema_extra={"format": "date-time"}
    )
    seats: list[SeatOut] = Field(
        description=both(
            "このクライアントがトークンを求められる席",
            "The seats for which this client can get tokens",
        )
    )

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "client_id": "center-13.system",
                    "agency": {
                        "id": "center-13",
                        "name": "東京都地域生活定着支援センター",
                        "kind": "settlement_center",
                    },
                    "seat": {"id": "center-13.viewer", "role": "viewer", "classes": ["C0", "C1"]},
                    "scopes": ["directory:read", "inbox:read", "referral:read"],
                    "expires_at": "2026-11-20T10:25:00.000+09:00",
                    "seats": [
                        {"id": "center-13.viewer", "role": "viewer", "classes": ["C0", "C1"]}
                    ],
                }
            ]
        }
    }


@router.get(
    "/me",
    **documented(
        "read_me",
        Text("このトークンの主体を読む", "Read whom this token stands for"),
        """Returns the agency and the seat that the token speaks for, what it may do and when it
        expires.""",
        Text("このトークンの主体", "Whom this token stands for"),
    ),
)
async def read_me(request: Request, access: Annotated[Access, require_token()]) -> MeOut:
    """どの機関のどの席として呼んでいるか、何が許され、いつ失効するかを返す。"""
    caller = access.caller
    agency = current_directory(request).agency(caller.agency_id)
    if agency is None:
        raise NotAuthenticated
    return MeOut(
        client_id=caller.client_id,
        agency=AgencyOut(id=agency.id, name=agency.name, kind=agency.kind),
        seat=SeatOut(id=caller.seat_id, role=caller.role, classes=sorted(caller.classes)),
        scopes=sorted(caller.scopes),
        expires_at=access.expires_at.astimezone(_JST).isoformat(timespec="milliseconds"),
        seats=await _seats(request, caller.client_id),
    )


async def _seats(request: Request, client_id: str) -> list[SeatOut]:
    client = await dependency(request, StoredClients).client(client_id)
    return [
        SeatOut(id=seat.id, role=seat.role, classes=sorted(seat.classes))
        for seat in (client.seats if client else ())
        if not seat.disabled
    ]
