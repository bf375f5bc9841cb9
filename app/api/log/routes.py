"""The log, to strangers: checkpoints, leaves and proofs for all, entries for those they name."""

import json
from base64 import b64encode
from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.adapters.log.reading import Entry, Log
from app.api.log.schemas import (
    CHECKPOINT,
    KEYS,
    ConsistencyOut,
    InclusionOut,
    LeavesOut,
    LogEntryOut,
    LogEntryPage,
)
from app.api.wire.caller import allowed
from app.api.wire.dependencies import PublishedLogKeys, dependency
from app.api.wire.paging import LAST, LongLimit
from app.api.wire.responses import id_in_path, json_answer
from app.auth.scopes import Scope
from app.domain.access.caller import Caller
from app.domain.errors import Invalid, NotFound

router = APIRouter(tags=["log"])

MOST_LEAVES = 1_000
_CACHED = {"Cache-Control": "public, max-age=300"}
_TEXT = "text/plain; charset=utf-8"

Auditor = Annotated[Caller, allowed(Scope.LOG_READ)]


def _plain(example: str) -> dict[str, Any]:
    return {"content": {"text/plain": {"schema": {"type": "string"}, "example": example}}}


@router.get(
    "/v1/log/checkpoint",
    operation_id="read_checkpoint",
    summary="最新のチェックポイントを読む",
    response_class=Response,
    responses={200: _plain(CHECKPOINT)},
    response_description="チェックポイント(C2SP signed note)",
)
async def read_checkpoint(request: Request, caller: Auditor) -> Response:
    """記録の名、件数、Merkle 木の根に署名したもの (C2SP tlog-checkpoint) を返す。

    手元に残しておけば、後の木がその続きであることを整合性証明で確かめられる。
    署名の鍵は `/.well-known/log-keys` にある。
    """
    note = await dependency(request, Log).checkpoint(caller.agency_id)
    return Response(note.encode(), media_type=_TEXT)


@router.get(
    "/v1/log/leaves",
    operation_id="list_leaves",
    summary="葉のハッシュを読む",
    response_model=LeavesOut,
    response_description="葉のハッシュ",
)
async def list_leaves(
    request: Request,
    caller: Auditor,
    start: Annotated[int, Query(ge=0, le=LAST, description="最初の番号。0から")],
    end: Annotated[int, Query(ge=0, le=LAST, description="この番号の手前まで")],
) -> Response:
    """全ての記録の葉のハッシュを、番号の順に返す。1回に1000件まで。記録の中身は含まない。"""
    if end < start:
        raise Invalid.at("/query/end", "greater_than_equal")
    last = min(end, start + MOST_LEAVES)
    leaves = await dependency(request, Log).leaves(caller.agency_id, start, last)
    return json_answer({"items": _written(leaves), "next": last if last < end else None})


@router.get(
    "/v1/log/proofs/inclusion",
    operation_id="prove_inclusion",
    summary="包含証明を読む",
    response_model=InclusionOut,
    response_description="包含証明",
)
async def prove_inclusion(
    request: Request,
    caller: Auditor,
    index: Annotated[int, Query(ge=0, le=LAST, description="葉の番号。0から")],
    size: Annotated[int, Query(ge=0, le=LAST, description="木の件数。チェックポイントのもの")],
) -> Response:
    """その番号の葉が、その件数の木に含まれることの証明 (RFC 9162 §2.1.3) を返す。"""
    if index >= size:
        raise Invalid.at("/query/index", "less_than")
    found = await dependency(request, Log).proofs(caller.agency_id, [index], size)
    proof = found[index]
    (leaf,) = _written([proof.leaf])
    return json_answer({"index": index, "size": size, "leaf": leaf, "path": _written(proof.path)})


@router.get(
    "/v1/log/proofs/consistency",
    operation_id="prove_consistency",
    summary="整合性証明を読む",
    response_model=ConsistencyOut,
    response_description="整合性証明",
)
async def prove_consistency(
    request: Request,
    caller: Auditor,
    old: Annotated[int, Query(alias="from", ge=0, le=LAST, description="前の木の件数")],
    new: Annotated[int, Query(alias="to", ge=0, le=LAST, description="後の木の件数")],
) -> Response:
    """後の木が前の木の続きであることの証明 (RFC 9162 §2.1.4) を返す。"""
    if new < old:
        raise Invalid.at("/query/to", "greater_than_equal")
    path = await dependency(request, Log).consistency(caller.agency_id, old, new)
    return json_answer({"from": old, "to": new, "path": _written(path)})


@router.get(
    "/v1/log/entries",
    operation_id="list_log_entries",
    summary="この機関の記録の一覧を読む",
    response_model=LogEntryPage,
    response_description="この機関の記録",
)
async def list_log_entries(
    request: Request,
    caller: Auditor,
    after: Annotated[
        int | None, Query(ge=0, le=LAST, description="この番号より後を返す。なければ最初から")
    ] = None,
    limit: LongLimit = 50,
) -> Response:
    """この機関を名指す、封じられた記録を、木の番号の順に返す。他の機関だけの記録は含まない。

    順は変わらず、後から間に入ることもない。まだ封じられていないものは、受領証の `log_entry` で
    1件ずつ読める。
    """
    found = await dependency(request, Log).entries(
        caller.agency_id, -1 if after is None else after, limit + 1
    )
    page = found[:limit]
    following = page[-1].index if len(found) > limit else None
    return json_answer({"items": [_shown(each) for each in page], "next": following})


@router.get(
    "/v1/log/entries/{entry_id}",
    operation_id="read_log_entry",
    summary="この機関の記録を1件読む",
    response_model=LogEntryOut,
    response_description="記録",
)
async def read_log_entry(request: Request, entry_id: str, caller: Auditor) -> Response:
    """この機関を名指す記録を返す。封じられるまで `index` は null。"""
    wanted = id_in_path(entry_id)
    found = await dependency(request, Log).entries_by_id(caller.agency_id, [wanted])
    if wanted not in found:
        raise NotFound
    return json_answer(_shown(found[wanted]))


@router.get(
    "/.well-known/log-keys",
    operation_id="read_log_keys",
    summary="チェックポイントの署名を確かめる公開鍵を読む",
    response_class=Response,
    responses={200: _plain(KEYS)},
    response_description="公開鍵。1行に1つ、`名+ID+base64` (C2SP signed-note)",
    openapi_extra={"security": []},
)
async def read_log_keys(request: Request) -> Response:
    """記録に署名する鍵と、かつて署名した鍵を、古い順に返す。替えた鍵は30日の間、共に署名する。"""
    keys = "".join(f"{key}\n" for key in dependency(request, PublishedLogKeys).read())
    return Response(keys.encode(), media_type=_TEXT, headers=_CACHED)


def _written(hashes: Iterable[bytes]) -> list[str]:
    return [b64encode(each).decode() for each in hashes]


def _shown(entry: Entry) -> dict[str, Any]:
    (digest,) = _written([entry.hash])
    return {"index": entry.index, "hash": digest, "entry": json.loads(entry.text)}
