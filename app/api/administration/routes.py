"""An agency's own seats and clients: listing and disabling them. Other changes are acts."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from app.adapters.administration.by_agency import AgencyAdministration, Row, What
from app.api.administration.schemas import (
    ClientSecretOut,
    OwnClientOut,
    OwnClientPage,
    OwnSeatOut,
    OwnSeatPage,
)
from app.api.wire.caller import require_scope
from app.api.wire.dependencies import dependency
from app.api.wire.documented import documented
from app.api.wire.paging import Cursor, Limit, bad_cursor, page, parts_of
from app.api.wire.responses import id_in_path, json_answer
from app.api.wire.schemas import ACT_ID
from app.api.wire.views import moment, moment_or_none
from app.auth.scopes import Scope
from app.auth.secrets import hash_secret, new_secret
from app.domain.access.caller import Caller
from app.domain.errors import NotFound
from app.domain.text import Text

router = APIRouter(prefix="/v1", tags=["administration"])

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}", re.ASCII)

Manager = Annotated[Caller, require_scope(Scope.AGENCY_MANAGE)]


@router.get(
    "/administration/seats",
    response_model=OwnSeatPage,
    **documented(
        "list_own_seats",
        Text("自機関の席の一覧を読む", "List this agency's seats"),
        """Returns this agency's seats, those that are disabled included, in the order of their
        ids.""",
        Text("席の1頁", "A page of seats"),
    ),
)
async def list_own_seats(
    request: Request, caller: Manager, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """自機関の席を、停止したものも含めて、IDの順に返す。"""
    return await _page(request, "seat", caller, limit, cursor)


@router.get(
    "/administration/clients",
    response_model=OwnClientPage,
    **documented(
        "list_own_clients",
        Text("自機関の接続システムの一覧を読む", "List this agency's clients"),
        """Returns this agency's clients, those that are disabled included, in the order of their
        ids. Secrets are returned to nobody.""",
        Text("接続システムの1頁", "A page of clients"),
    ),
)
async def list_own_clients(
    request: Request, caller: Manager, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """自機関の接続システムを、停止したものも含めて、IDの順に返す。秘密は誰にも返さない。"""
    return await _page(request, "client", caller, limit, cursor)


@router.post(
    "/administration/seats/{seat_id}/disable",
    response_model=OwnSeatOut,
    **documented(
        "disable_own_seat",
        Text("自機関の席を直ちに停止する", "Disable a seat of this agency at once"),
        """One seat alone disables a seat at once. Its tokens stop working within five seconds in
        every process. The last decider and the last records officer of an agency stay
        (`act_impossible`, `last_one`): add another one first.

        Repeating the call changes nothing. It is told in this agency's inbox
        (`administration.disabled`). Enabling the seat again is an act that takes two seats
        (`seat.enable` of `POST /v1/acts`).""",
        Text("停止した席", "The seat that was disabled"),
        may_answer=("act_impossible",),
        parameters={"seat_id": Text("席のID", "The id of the seat")},
    ),
)
async def disable_own_seat(request: Request, seat_id: str, caller: Manager) -> Response:
    """一つの席だけで、直ちに停止する。この席のトークンは、どのプロセスでも5秒以内に使えなくなる。
    機関の最後の決裁者と最後の記録責任者は止められない(`last_one`)。先に別の席を加える。

    繰り返しても変わらない。この機関の受信箱に届く(`administration.disabled`)。
    停止を解くのは二つの席が要る行為(`POST /v1/acts` の `seat.enable`)。
    """
    row = await dependency(request, AgencyAdministration).disable(
        "seat", caller, _require_id(seat_id)
    )
    return json_answer(_describe(row))


@router.post(
    "/administration/clients/{client_id}/disable",
    response_model=OwnClientOut,
    **documented(
        "disable_own_client",
        Text("自機関の接続システムを直ちに停止する", "Disable a client of this agency at once"),
        """When a client's secret was lost or leaked, one seat alone disables the client at once.
        Its tokens stop working within five seconds. The last client that speaks for a decider or a
        records officer stays (`act_impossible`, `last_one`): give it another key or secret.

        Repeating the call changes nothing. It is told in this agency's inbox
        (`administration.disabled`). Enabling the client again is an act that takes two seats
        (`client.enable` of `POST /v1/acts`).""",
        Text("停止した接続システム", "The client that was disabled"),
        may_answer=("act_impossible",),
        parameters={"client_id": Text("接続システムのID", "The id of the client")},
    ),
)
async def disable_own_client(request: Request, client_id: str, caller: Manager) -> Response:
    """紛失や漏えいのとき、一つの席だけで直ちに停止する。トークンは5秒以内に使えなくなる。
    決裁者か記録責任者を代表する最後のシステムは止められない(`last_one`)。鍵か秘密を変える。

    繰り返しても変わらない。この機関の受信箱に届く(`administration.disabled`)。
    停止を解くのは二つの席が要る行為(`POST /v1/acts` の `client.enable`)。
    """
    row = await dependency(request, AgencyAdministration).disable(
        "client", caller, _require_id(client_id)
    )
    return json_answer(_describe(row))


@router.post(
    "/acts/{act_id}/secret",
    response_model=ClientSecretOut,
    **documented(
        "take_client_secret",
        Text(
            "承認された接続システムの秘密を受け取る",
            "Take the secret of a client that was approved",
        ),
        """Only the seat that proposed it can take the secret, within one hour after `client.add`
        or `client.new_secret` was approved.

        The secret is made here and stands in this answer alone; the service keeps only what it
        needs to check it. If the answer was lost, call again: each call makes a new secret, and
        the one before stops working.""",
        Text(
            "新しい秘密。前のものは使えなくなった", "The new secret. The one before no longer works"
        ),
        parameters={"act_id": ACT_ID},
        may_answer=("not_your_act", "act_impossible"),
    ),
)
async def take_client_secret(request: Request, act_id: str, caller: Manager) -> Response:
    """`client.add` か `client.new_secret` が承認されてから1時間のうちに、提案した席だけが受け取る。

    秘密はここで作られ、この返事にだけあり、サービスには照合用の値だけが残る。返事を失ったら
    もう一度呼べる。そのたびに新しい秘密になり、前のものは使えなくなる。
    """
    secret = new_secret()
    client_id = await dependency(request, AgencyAdministration).take_secret(
        caller, id_in_path(act_id), hash_secret(secret)
    )
    return json_answer({"client_id": client_id, "secret": secret})


async def _page(
    request: Request, what: What, caller: Caller, limit: int, cursor: str | None
) -> Response:
    after = parts_of(cursor, 1)[0] if cursor is not None else None
    if after is not None and not _ID.fullmatch(after):
        raise bad_cursor()
    rows = await dependency(request, AgencyAdministration).list_rows(
        what, caller.agency_id, after, limit + 1
    )
    return json_answer(page(rows, limit, _describe, lambda row: (row["id"],)))


def _require_id(text: str) -> str:
    """The id in a path.

    Raises:
        NotFound: it does not have the form of an id, so nothing can have it.
    """
    if not _ID.fullmatch(text):
        raise NotFound
    return text


def _describe(row: Row) -> dict[str, Any]:
    return {
        **row,
        "created_at": moment(row["created_at"]),
        "disabled_at": moment_or_none(row["disabled_at"]),
    }
