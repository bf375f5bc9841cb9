"""The route of the disclosures of a case (提供の記録) that the caller may know of."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.adapters.disclosures.listing import DisclosureFilter, Disclosures, Key, key_of
from app.api.disclosures.schemas import DisclosurePage
from app.api.wire.caller import require_scope
from app.api.wire.dependencies import current_directory, dependency
from app.api.wire.documented import both, documented
from app.api.wire.paging import Cursor, Limit, bad_cursor, cursor_of, parts_of
from app.api.wire.responses import id_in_path, json_answer
from app.api.wire.schemas import CASE_ID
from app.api.wire.views import moment
from app.auth.scopes import Scope
from app.domain.access.caller import Caller
from app.domain.classes import DataClass
from app.domain.disclosures.record import Disclosure
from app.domain.errors import Invalid
from app.domain.text import Text

router = APIRouter(prefix="/v1", tags=["disclosures"])

Officer = Annotated[Caller, require_scope(Scope.DISCLOSURE_READ)]


@router.get(
    "/cases/{case_id}/disclosures",
    response_model=DisclosurePage,
    **documented(
        "list_disclosures",
        Text("提供の記録の一覧を読む", "List the record of disclosures"),
        """Returns which agency received and opened which data classes, when and on what basis.

        In the order of referral, message, agency and time. It shows only what this agency can
        know: what it received and opened itself; of what it sent or showed, which classes
        reached whom; of what it sent, who opened it and when; of what it received, which other
        recipients it reached. Bodies are not included, and reading it is no disclosure.""",
        Text("提供の記録の一覧", "A page of the record of disclosures"),
        parameters={"case_id": CASE_ID},
    ),
)
async def list_disclosures(
    request: Request,
    case_id: str,
    caller: Officer,
    referral: Annotated[
        UUID | None, Query(description=both("この案件についてだけ", "Only about this referral"))
    ] = None,
    agency: Annotated[
        str | None,
        Query(
            pattern=r"^[a-z0-9][a-z0-9-]{0,63}$",
            description=both("この機関についてだけ", "Only about this agency"),
        ),
    ] = None,
    data_class: Annotated[
        DataClass | None,
        Query(
            alias="class",
            description=both("このデータ区分を含むものだけ", "Only those with this data class"),
        ),
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """どの機関が、いつ、どの区分を、何に拠って受け取り、開いたかを返す。

    案件・通信文・機関・時刻の順。この機関が知りうることだけを示す: 自らの受取りと閲覧、送った
    (見せた)ものは誰にどの区分が届いたか、送ったものは誰がいつ開いたか、受け取ったものは他の
    どの宛先に届いたか。本文は含まず、読んでも提供にはならない。
    """
    if agency is not None and current_directory(request).agency(agency) is None:
        raise Invalid.at("/query/agency", "unknown_agency")
    page = await dependency(request, Disclosures).page(
        caller.agency_id,
        id_in_path(case_id),
        DisclosureFilter(referral, agency, data_class),
        _key_in(cursor),
        limit,
    )
    following = cursor_of(*page.following) if page.following else None
    return json_answer({"items": [_describe(each) for each in page.items], "next": following})


def _key_in(cursor: str | None) -> Key | None:
    if cursor is None:
        return None
    try:
        return key_of(parts_of(cursor, 6))
    except ValueError:
        raise bad_cursor() from None


def _describe(disclosure: Disclosure) -> dict[str, Any]:
    return {
        "how": disclosure.how,
        "at": moment(disclosure.at),
        "agency_id": disclosure.agency_id,
        "party": disclosure.party,
        "seat_id": disclosure.seat_id,
        "classes": None if disclosure.classes is None else list(disclosure.classes),
        "referral_id": str(disclosure.referral_id),
        "message_id": str(disclosure.message_id),
        "type": disclosure.type,
        "from": {"party": disclosure.from_party, "agency_id": disclosure.from_agency},
        "shown_by": str(disclosure.shown_by) if disclosure.shown_by else None,
        "legal_basis": disclosure.legal_basis,
        "consent_ids": [str(each) for each in disclosure.consent_ids],
    }
