"""Routes of the log: checkpoints, leaves, proofs, and the entries that name the caller."""

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
from app.api.wire.caller import require_scope
from app.api.wire.dependencies import PublishedLogKeys, dependency
from app.api.wire.documented import both, documented
from app.api.wire.paging import LAST, LongLimit
from app.api.wire.responses import id_in_path, json_answer
from app.auth.scopes import Scope
from app.domain.access.caller import Caller
from app.domain.errors import Invalid, NotFound
from app.domain.text import Text

router = APIRouter(tags=["log"])

MOST_LEAVES = 1_000
_CACHED = {"Cache-Control": "public, max-age=300"}
_TEXT = "text/plain; charset=utf-8"

Auditor = Annotated[Caller, require_scope(Scope.LOG_READ)]


def _plain(example: str) -> dict[str, Any]:
    return {"content": {"text/plain": {"schema": {"type": "string"}, "example": example}}}


@router.get(
    "/v1/log/checkpoint",
    response_class=Response,
    responses={200: _plain(CHECKPOINT)},
    **documented(
        "read_checkpoint",
        Text("最新のチェックポイントを読む", "Read the newest checkpoint"),
        """Returns the signed name, size and Merkle tree root of the log (C2SP tlog-checkpoint).

        Keep it, and a consistency proof can show later that a newer tree is its continuation.
        The keys that sign it are at `/.well-known/log-keys`.""",
        Text("チェックポイント(C2SP signed note)", "A checkpoint (C2SP signed note)"),
        may_answer=("not_sealed",),
    ),
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
    response_model=LeavesOut,
    **documented(
        "list_leaves",
        Text("葉のハッシュを読む", "List leaf hashes"),
        """Returns the leaf hashes of all log entries in the order of their numbers, up to 1000 at
        a time. They do not reveal what the entries say.""",
        Text("葉のハッシュ", "Leaf hashes"),
        may_answer=("not_sealed",),
    ),
)
async def list_leaves(
    request: Request,
    caller: Auditor,
    start: Annotated[
        int, Query(ge=0, le=LAST, description=both("最初の番号。0から", "The first number, from 0"))
    ],
    end: Annotated[
        int,
        Query(
            ge=0,
            le=LAST,
            description=both("この番号の手前まで", "Up to the number before this one"),
        ),
    ],
) -> Response:
    """全ての記録の葉のハッシュを、番号の順に返す。1回に1000件まで。記録の中身は含まない。"""
    if end < start:
        raise Invalid.at("/query/end", "greater_than_equal")
    last = min(end, start + MOST_LEAVES)
    leaves = await dependency(request, Log).leaves(caller.agency_id, start, last)
    return json_answer({"items": _base64(leaves), "next": last if last < end else None})


@router.get(
    "/v1/log/proofs/inclusion",
    response_model=InclusionOut,
    **documented(
        "prove_inclusion",
        Text("包含証明を読む", "Read an inclusion proof"),
        """Returns the proof that the leaf with this number is in the tree of this size (RFC 9162
        §2.1.3).""",
        Text("包含証明", "The inclusion proof"),
        may_answer=("not_sealed",),
    ),
)
async def prove_inclusion(
    request: Request,
    caller: Auditor,
    index: Annotated[
        int,
        Query(ge=0, le=LAST, description=both("葉の番号。0から", "The number of the leaf, from 0")),
    ],
    size: Annotated[
        int,
        Query(
            ge=0,
            le=LAST,
            description=both(
                "木の件数。チェックポイントのもの", "The size of the tree, from a checkpoint"
            ),
        ),
    ],
) -> Response:
    """その番号の葉が、その件数の木に含まれることの証明 (RFC 9162 §2.1.3) を返す。"""
    if index >= size:
        raise Invalid.at("/query/index", "less_than")
    proofs = await dependency(request, Log).proofs(caller.agency_id, [index], size)
    proof = proofs[index]
    (leaf,) = _base64([proof.leaf])
    return json_answer({"index": index, "size": size, "leaf": leaf, "path": _base64(proof.path)})


@router.get(
    "/v1/log/proofs/consistency",
    response_model=ConsistencyOut,
    **documented(
        "prove_consistency",
        Text("整合性証明を読む", "Read a consistency proof"),
        """Returns the proof that the later tree is a continuation of the earlier one (RFC 9162
        §2.1.4).""",
        Text("整合性証明", "The consistency proof"),
        may_answer=("not_sealed",),
    ),
)
async def prove_consistency(
    request: Request,
    caller: Auditor,
    old: Annotated[
        int,
        Query(
            alias="from",
            ge=0,
            le=LAST,
            description=both("前の木の件数", "The size of the earlier tree"),
        ),
    ],
    new: Annotated[
        int,
        Query(
            alias="to",
            ge=0,
            le=LAST,
            description=both("後の木の件数", "The size of the later tree"),
        ),
    ],
) -> Response:
    """後の木が前の木の続きであることの証明 (RFC 9162 §2.1.4) を返す。"""
    if new < old:
        raise Invalid.at("/query/to", "greater_than_equal")
    path = await dependency(request, Log).consistency(caller.agency_id, old, new)
    return json_answer({"from": old, "to": new, "path": _base64(path)})


@router.get(
    "/v1/log/entries",
    response_model=LogEntryPage,
    **documented(
        "list_log_entries",
        Text("この機関の記録の一覧を読む", "List this agency's log entries"),
        """Returns the sealed entries that name this agency, in the order of their numbers in the
        tree. Entries that name only other agencies are not included.

        The order never changes, and nothing is added in between later. An entry that is not yet
        sealed can be read by the `log_entry` of its receipt.""",
        Text("この機関の記録", "A page of this agency's log entries"),
    ),
)
async def list_log_entries(
    request: Request,
    caller: Auditor,
    after: Annotated[
        int | None,
        Query(
            ge=0,
            le=LAST,
            description=both(
                "この番号より後を返す。なければ最初から",
                "Return what comes after this number; without it, from the beginning",
            ),
        ),
    ] = None,
    limit: LongLimit = 50,
) -> Response:
    """この機関を名指す、封じられた記録を、木の番号の順に返す。他の機関だけの記録は含まない。

    順は変わらず、後から間に入ることもない。まだ封じられていないものは、受領証の `log_entry` で
    1件ずつ読める。
    """
    entries = await dependency(request, Log).entries(
        caller.agency_id, -1 if after is None else after, limit + 1
    )
    page = entries[:limit]
    following = page[-1].index if len(entries) > limit else None
    return json_answer({"items": [_describe_entry(each) for each in page], "next": following})


@router.get(
    "/v1/log/entries/{entry_id}",
    response_model=LogEntryOut,
    **documented(
        "read_log_entry",
        Text("この機関の記録を1件読む", "Read one of this agency's log entries"),
        "Returns an entry that names this agency. Until it is sealed, `index` is null.",
        Text("記録", "The entry"),
        parameters={"entry_id": Text("記録のID", "The id of the log entry")},
    ),
)
async def read_log_entry(request: Request, entry_id: str, caller: Auditor) -> Response:
    """この機関を名指す記録を返す。封じられるまで `index` は null。"""
    wanted = id_in_path(entry_id)
    entries = await dependency(request, Log).entries_by_id(caller.agency_id, [wanted])
    if wanted not in entries:
        raise NotFound
    return json_answer(_describe_entry(entries[wanted]))


@router.get(
    "/.well-known/log-keys",
    response_class=Response,
    responses={200: _plain(KEYS)},
    **documented(
        "read_log_keys",
        Text(
            "チェックポイントの署名を確かめる公開鍵を読む",
            "Read the public keys that verify checkpoints",
        ),
        """Returns the keys that sign the log, and those that signed it before, oldest first. A key
        that is replaced goes on signing beside the new one for 30 days.""",
        Text(
            "公開鍵。1行に1つ、`名+ID+base64` (C2SP signed-note)",
            "Public keys, one a line: `name+ID+base64` (C2SP signed-note)",
        ),
        public=True,
    ),
)
async def read_log_keys(request: Request) -> Response:
    """記録に署名する鍵と、かつて署名した鍵を、古い順に返す。替えた鍵は30日の間、共に署名する。"""
    keys = "".join(f"{key}\n" for key in dependency(request, PublishedLogKeys).read())
    return Response(keys.encode(), media_type=_TEXT, headers=_CACHED)


def _base64(hashes: Iterable[bytes]) -> list[str]:
    return [b64encode(each).decode() for each in hashes]


def _describe_entry(entry: Entry) -> dict[str, Any]:
    (digest,) = _base64([entry.hash])
    return {"index": entry.index, "hash": digest, "entry": json.loads(entry.text)}
