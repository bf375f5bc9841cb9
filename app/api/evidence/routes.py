"""The route of the evidence bundle: the messages that a party may open, with proofs."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.adapters.evidence.collecting import Evidence
from app.api.evidence.cover import cover
from app.api.evidence.files import Bundle, Maker, SealWithin, bundle
from app.api.wire.caller import require_scope, require_valid_token
from app.api.wire.dependencies import (
    Issuer,
    PublishedLogKeys,
    current_directory,
    current_time,
    dependency,
)
from app.api.wire.documented import both, documented
from app.api.wire.paging import LAST
from app.api.wire.responses import id_in_path
from app.api.wire.schemas import CASE_ID
from app.auth.scopes import Scope
from app.auth.signing_keys import SigningKeys
from app.domain.access.caller import Caller
from app.domain.errors import BundleTooLarge, ScopeMissing
from app.domain.evidence.bundle import LARGEST, MOST_MESSAGES, SEAL_TYP, pack
from app.domain.text import Text

router = APIRouter(prefix="/v1", tags=["evidence"])

ZIP = "application/zip"
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            ZIP: {
                "schema": {"type": "string", "contentMediaType": ZIP},
                "example": "PK\u0003\u0004…(zip。中身は docs/evidence.md)",
            }
        }
    }
}


@router.get(
    "/cases/{case_id}/bundle",
    response_class=Response,
    responses=_ANSWER,
    **documented(
        "read_bundle",
        Text("証拠の束を作る", "Make an evidence bundle"),
        """Opens every message of the case that this agency can read, as far as this seat may open
        it, and hands it out with proofs.

        The bundle holds the envelopes, the opened fields and their salts, the classes that were
        withheld, the digests, the agency's own receipts, the log entries that name the agency
        with their inclusion proofs, a checkpoint, the public keys, a signed manifest and a
        cover page. `tsunagu verify` or `verify_bundle.py` checks it without a connection.

        A case that one bundle cannot hold comes in parts: the refusal lists them (`parts`), each
        with the `referral`, `from` and `through` to ask for. Nothing that another party does can
        prevent that.

        Making it opens every message, and each is recorded as a disclosure. It also needs
        `referral:read`. It waits some seconds for the log to be sealed; what is not sealed by
        then is marked `pending`, with the time that its receipt promises.""",
        Text("証拠の束(zip)", "The evidence bundle (zip)"),
        may_answer=("bundle_too_large", "not_sealed", "busy"),
        parameters={"case_id": CASE_ID},
        headers=("Content-Disposition",),
        records=True,
    ),
)
async def read_bundle(
    request: Request,
    case_id: str,
    caller: Annotated[Caller, require_scope(Scope.DISCLOSURE_READ)],
    referral: Annotated[
        UUID | None,
        Query(
            description=both(
                "この案件の通信文だけ。全てが一つの束に収まらないとき",
                "Only the messages of this referral, if one bundle cannot hold all",
            ),
        ),
    ] = None,
    first: Annotated[
        int | None,
        Query(
            alias="from",
            ge=1,
            le=LAST,
            description=both(
                "この機関が読める中でのこの番号から。`referral` とともに",
                "From this one of the agency's own numbers; with `referral`",
            ),
        ),
    ] = None,
    last: Annotated[
        int | None,
        Query(
            alias="through",
            ge=1,
            le=LAST,
            description=both("この番号まで", "Up to and with this number"),
        ),
    ] = None,
    since: Annotated[
        int | None,
        Query(
            ge=0,
            le=LAST,
            description=both(
                "手元のチェックポイントの件数。その続きである証明を付ける",
                "The size of a checkpoint that you have; the bundle then proves that the log "
                "continues it",
            ),
        ),
    ] = None,
) -> Response:
    """この事案の、この機関が読める通信文を全て、この席が開ける区分まで開き、証明を添えて渡す。

    封筒・開いた項目と塩・伏せた区分・ダイジェスト・自らの受領証・この機関を名指す記録とその
    包含証明・チェックポイント・公開鍵・署名付きの目録・表紙が入る。`tsunagu verify` か
    `verify_bundle.py` で、通信なしに確かめられる。

    一つの束に収まらない事案は、分けて渡す。断るときに `parts` に並べる `referral`、`from`、
    `through` で、一つずつ求める。ほかの当事者が何をしても、これは妨げられない。

    作ることは全ての通信文を開くことであり、一通ずつ提供として記録する。`referral:read` も要る。
    封じるのを数秒待ち、間に合わなければ `pending` として受領証の約束の時刻を添える。
    """
    if Scope.REFERRAL_READ not in caller.scopes:
        raise ScopeMissing(Scope.REFERRAL_READ)
    wanted = id_in_path(case_id)
    evidence = dependency(request, Evidence)
    case = await evidence.open_case(caller, wanted, referral, first, last)
    proofs = await evidence.prove(caller, wanted, case, since)
    require_valid_token(request)
    made_at, ring = current_time(request), dependency(request, SigningKeys).ring()
    maker = Maker(
        caller,
        dependency(request, Issuer).url,
        made_at,
        ring.jwks(),
        dependency(request, PublishedLogKeys).read(),
        dependency(request, SealWithin).span,
    )

    def build() -> Bundle:
        page = cover(str(wanted), case, proofs, maker, current_directory(request))
        return bundle(str(wanted), case, proofs, maker, page)

    unsigned = await asyncio.to_thread(build)  # in a thread: a large bundle takes long
    signature = ring.signing(made_at).sign(unsigned.claims(maker, str(wanted)), SEAL_TYP)
    content = await asyncio.to_thread(pack, unsigned.with_seal(signature))
    if len(content) > LARGEST:
        raise BundleTooLarge(MOST_MESSAGES, LARGEST, ())
    await evidence.log_export(caller, wanted, unsigned.digest, len(case.messages))
    headers = {
        "Content-Disposition": f'attachment; filename="tsunagu-{wanted}.zip"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=ZIP, headers=headers)
