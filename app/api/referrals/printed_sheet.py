"""The printed sheet of a message (依頼書) for agencies that are not connected.

Its outer page shows neither names nor contents. It is addressed only to whoever may read all that
it shows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.adapters.deliveries.deliveries import Deliveries
from app.adapters.ids import mark_of, reference_of
from app.adapters.referrals.reading import Opened
from app.api.referrals.printed_lines import Line, day, lines
from app.api.referrals.reading import open_one
from app.api.wire.caller import require_scope
from app.api.wire.dependencies import current_directory, dependency
from app.api.wire.documented import documented
from app.api.wire.pages import HTML_ANSWER, personal_page
from app.api.wire.responses import id_in_path
from app.api.wire.schemas import MESSAGE_ID, REFERRAL_ID
from app.api.wire.views import moment
from app.auth.scopes import Scope
from app.domain.access.caller import Caller
from app.domain.classes import CLASS_TITLES, DataClass
from app.domain.directory.agencies import Directory
from app.domain.flows import BODIES
from app.domain.text import Text
from app.domain.vocabulary.envelope import Urgency
from app.domain.vocabulary.law import LegalBasis

router = APIRouter(prefix="/v1", tags=["referrals"])


@router.get(
    "/referrals/{referral_id}/messages/{message_id}/sheet",
    response_class=Response,
    responses=HTML_ANSWER,
    **documented(
        "print_message",
        Text("通信文を印刷用の書面にする", "Make a printable sheet of a message"),
        """Opens a message and makes it a sheet (HTML) that takes it on paper to an agency that is
        not connected.

        Whoever sent the message, or shared it, gets a sheet for each such recipient, with the
        classes that its copy may be given now; copies that were recalled are left out. If there is
        none, and for everybody else, it is a record of the agency's own, with no addressee, which
        is not to be sent.
        The front page holds the recipient, the reference and the digest alone, neither a name
        nor what it is about. It is recorded as a disclosure, as opening the body is.""",
        may_answer=("busy",),
        parameters={"referral_id": REFERRAL_ID, "message_id": MESSAGE_ID},
        records=True,
    ),
)
async def print_message(
    request: Request,
    referral_id: str,
    message_id: str,
    caller: Annotated[Caller, require_scope(Scope.REFERRAL_READ)],
) -> Response:
    """開いた通信文を、参加していない機関へ紙で届けるための書面(HTML)にする。

    送った者と共有した者には、そうした宛先ごとに、その写しに今渡せる区分だけの書面を返す。
    取り消した写しのものはない。宛先がなければ、またほかの者には、宛名のない控えを返す。
    表の頁には宛先・整理番号・ダイジェストのみを載せ、氏名も用件も載せない。
    本文を開くのと同じく、提供として記録する。
    """
    message = await open_one(request, caller, referral_id, message_id)
    row, directory = message.envelope, current_directory(request)
    paper = await dependency(request, Deliveries).paper_copies(caller.agency_id, UUID(row["id"]))
    body = BODIES[row["type"]]
    values = {
        "reference": reference_of(id_in_path(row["referral_id"])),
        "sender": _name(directory, row["from"]["agency_id"]),
        "sent_on": day(moment(row["created_at"])[:10]),
        "title": body.TITLE.ja,
        "head": tuple(_head(message)),
        "sheets": [*_sheets(message, paper, directory)],
        "digest": row["digest"],
        "number": row["number"],
        "mark": mark_of(UUID(row["id"])),
    }
    return personal_page("sheet.html", values)


@dataclass(frozen=True, slots=True)
class PrintedSheet:
    """The part of a message that is printed for one recipient, or for whoever prints it."""

    recipient: str | None
    """Its addressee; without one it is a record of whoever prints it."""
    lines: tuple[Line, ...]
    withheld: list[str]


def _sheets(
    message: Opened, paper: Mapping[str, frozenset[str]], directory: Directory
) -> Iterator[PrintedSheet]:
    """One for each copy that the caller may send on paper, in the classes of that copy.

    If there is none, one with what the caller may open, addressed to nobody.
    """
    for agency_id, classes in sorted(paper.items()):
        yield _sheet(message, _name(directory, agency_id), classes)
    if not paper:
        yield _sheet(message, None, frozenset(message.salts))


def _sheet(message: Opened, recipient: str | None, classes: frozenset[str]) -> PrintedSheet:
    body = BODIES[message.envelope["type"]]
    values = {n: v for n, v in message.body.items() if body.classes()[n] in classes}
    printed_classes = classes & frozenset(message.salts)
    withheld = [
        c for c in map(DataClass, sorted(message.envelope["digests"])) if c not in printed_classes
    ]
    return PrintedSheet(
        recipient, tuple(lines(body, values)), [CLASS_TITLES[c].ja for c in withheld]
    )


def _name(directory: Directory, agency_id: str | None) -> str:
    agency = directory.agency(agency_id) if agency_id else None
    return agency.name if agency else "つなぐ"


def _head(message: Opened) -> Iterator[Line]:
    row = message.envelope
    yield Line("出来事のあった日", day(row["occurred_on"]))
    if row["legal_basis"]:
        yield Line("根拠", LegalBasis.titles()[row["legal_basis"]])
    yield Line("緊急度", Urgency.titles()[row["urgency"]])
    if row["corrects"]:
        yield Line("訂正する通信文", mark_of(UUID(row["corrects"])))
    if row["in_reply_to"]:
        yield Line("返信先の通信文", mark_of(UUID(row["in_reply_to"])))
