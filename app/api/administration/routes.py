"""An agency's own seats and clients: lists, and switching off what was lost. The rest are acts."""

import re
from typing import Annotated

from fastapi import APIRouter, Request, Response

from app.adapters.administration.by_agency import OwnDesk, Row, What
from app.api.administration.schemas import (
    ClientSecretOut,
    OwnClientOut,
    OwnClientPage,
    OwnSeatOut,
    OwnSeatPage,
)
from app.api.wire.caller import allowed
from app.api.wire.dependencies import dependency
from app.api.wire.paging import Cursor, Limit, bad_cursor, page, parts_of
from app.api.wire.responses import id_in_path, json_answer
from app.api.wire.views import moment, moment_or_none
from app.auth.scopes import Scope
from app.auth.secrets import hash_secret, new_secret
from app.domain.access.caller import Caller
from app.domain.errors import NotFound

router = APIRouter(prefix="/v1", tags=["administration"])

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}", re.ASCII)

Manager = Annotated[Caller, allowed(Scope.AGENCY_MANAGE)]


@router.get(
    "/administration/seats",
    operation_id="list_own_seats",
    summary="自機関の席の一覧を読む",
    response_model=OwnSeatPage,
    response_description="席の1頁",
)
async def list_own_seats(
    request: Request, caller: Manager, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """自機関の席を、停止したものも含めて、IDの順に返す。"""
    return await _page(request, "seat", caller, limit, cursor)


@router.get(
    "/administration/clients",
    operation_id="list_own_clients",
    summary="自機関の接続システムの一覧を読む",
    response_model=OwnClientPage,
    response_description="接続システムの1頁",
)
async def list_own_clients(
    request: Request, caller: Manager, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """自機関の接続システムを、停止したものも含めて、IDの順に返す。秘密は誰にも返さない。"""
    return await _page(request, "client", caller, limit, cursor)


@router.post(
    "/administration/seats/{seat_id}/disable",
    operation_id="disable_own_seat",
    summary="自機関の席を直ちに停止する",
    response_model=OwnSeatOut,
    response_description="停止した席",
)
async def disable_own_seat(request: Request, seat_id: str, caller: Manager) -> Response:
    """一つの席だけで、直ちに停止する。この席のトークンは、どのプロセスでも5秒以内に使えなくなる。

    繰り返しても変わらない。この機関の受信箱に届く(`administration.disabled`)。
    停止を解くのは二つの席が要る行為(`POST /v1/acts` の `seat.enable`)。
    """
    found = await dependency(request, OwnDesk).disable("seat", caller, _named(seat_id))
    return json_answer(_shown(found))


@router.post(
    "/administration/clients/{client_id}/disable",
    operation_id="disable_own_client",
    summary="自機関の接続システムを直ちに停止する",
    response_model=OwnClientOut,
    response_description="停止した接続システム",
)
async def disable_own_client(request: Request, client_id: str, caller: Manager) -> Response:
    """紛失や漏えいのとき、一つの席だけで直ちに停止する。トークンは5秒以内に使えなくなる。

    繰り返しても変わらない。この機関の受信箱に届く(`administration.disabled`)。
    停止を解くのは二つの席が要る行為(`POST /v1/acts` の `client.enable`)。
    """
    found = await dependency(request, OwnDesk).disable("client", caller, _named(client_id))
    return json_answer(_shown(found))


@router.post(
    "/acts/{act_id}/secret",
    operation_id="take_client_secret",
    summary="承認された接続システムの秘密を受け取る",
    response_model=ClientSecretOut,
    response_description="新しい秘密。前のものは使えなくなった",
)
async def take_client_secret(request: Request, act_id: str, caller: Manager) -> Response:
    """`client.add` か `client.new_secret` が承認されてから1時間のうちに、提案した席だけが受け取る。

    秘密はここで作られ、この返事にだけあり、サービスには照合用の値だけが残る。返事を失ったら
    もう一度呼べる。そのたびに新しい秘密になり、前のものは使えなくなる。
    """
    secret = new_secret()
    client_id = await dependency(request, OwnDesk).take_secret(
        caller, id_in_path(act_id), hash_secret(secret)
    )
    return json_answer({"client_id": client_id, "secret": secret})


async def _page(
    request: Request, what: What, caller: Caller, limit: int, cursor: str | None
) -> Response:
    after = parts_of(cursor, 1)[0] if cursor is not None else None
    if after is not None and not _ID.fullmatch(after):
        raise bad_cursor()
    found = await dependency(request, OwnDesk).all(what, caller.agency_id, after, limit + 1)
    return json_answer(page(found, limit, _shown, lambda row: (row["id"],)))


def _named(text: str) -> str:
    """The id in a path: what has not the form of one is the id of nothing.

    Raises:
        NotFound: it has not.
    """
    if not _ID.fullmatch(text):
        raise NotFound
    return text


def _shown(row: Row) -> Row:
    return {
        **row,
        "created_at": moment(row["created_at"]),
        "disabled_at": moment_or_none(row["disabled_at"]),
    }
