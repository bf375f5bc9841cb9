"""The route of the consents of a case (同意) that the caller's agency may see."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.adapters.consents.listing import Consents, KnownConsent
from app.api.consents.schemas import ConsentPage
from app.api.wire.caller import require_scope
from app.api.wire.dependencies import dependency
from app.api.wire.documented import documented
from app.api.wire.paging import Cursor, Limit, day_and_id_in, page
from app.api.wire.responses import id_in_path, json_answer
from app.api.wire.schemas import CASE_ID
from app.auth.scopes import Scope
from app.domain.access.caller import Caller
from app.domain.text import Text

router = APIRouter(prefix="/v1", tags=["consents"])


@router.get(
    "/cases/{case_id}/consents",
    response_model=ConsentPage,
    **documented(
        "list_consents",
        Text("事案の同意を読む", "List the consents of a case"),
        """Returns consents in the order of the first day of their period.

        A consent is visible to the parties of the referral in which it was recorded and to the
        agencies that it names as recipients, by id or by kind. An agency that is no longer a
        party sees those up to that time. `case_id` is the `case_id` of a referral.""",
        Text("同意の一覧", "A page of consents"),
        parameters={"case_id": CASE_ID},
    ),
)
async def list_consents(
    request: Request,
    case_id: str,
    caller: Annotated[Caller, require_scope(Scope.REFERRAL_READ)],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """同意を、期間の初日の順に返す。

    記録された案件の当事者と、提供先として挙げられた機関(機関の種類で挙げられたときも)に見える。
    当事者でなくなった機関には、その時までのものが見える。`case_id` は案件の `case_id`。
    """
    rows = await dependency(request, Consents).of_case(
        caller.agency_id, id_in_path(case_id), day_and_id_in(cursor), limit + 1
    )
    return json_answer(page(rows, limit, _describe, _place))


def _place(row: KnownConsent) -> tuple[date, UUID]:
    return row.consent.record.valid_from, row.consent.record.id


def _describe(row: KnownConsent) -> dict[str, Any]:
    consent, record = row.consent, row.consent.record
    return {
        "id": str(record.id),
        "referral_id": _text(row.referral_id),
        "purpose": record.purpose,
        "recipients": list(record.recipients),
        "classes": sorted(record.classes),
        "valid_from": record.valid_from.isoformat(),
        "valid_until": _text(record.valid_until),
        "withdrawn_on": _text(consent.withdrawn_on),
        "withdrawn_items": sorted(consent.withdrawn_items),
        "state": row.state,
        "recorded_in": _text(row.recorded_in),
        "withdrawn_in": _text(row.withdrawn_in),
        "recorded_by": consent.recorded_by,
        "confirmed_in": _text(row.confirmed_in),
        "counts_in": [str(each) for each in row.counts_in],
    }


def _text(value: UUID | date | None) -> str | None:
    return None if value is None else str(value)
