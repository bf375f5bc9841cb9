"""The person's sheet: the disclosures of a case for the person concerned, in plain words (PDF)."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.adapters.disclosures.listing import Disclosures
from app.adapters.ids import reference_of
from app.adapters.printing.furigana import readings
from app.adapters.printing.pdf import Document, render_pdf
from app.adapters.printing.typesetting import Block, Heading, Paragraph, Table
from app.api.disclosures import person_sheet_words as words
from app.api.disclosures.routes import Officer
from app.api.wire.dependencies import current_directory, current_time, dependency
from app.api.wire.documented import both, documented
from app.api.wire.language import Language
from app.api.wire.responses import id_in_path
from app.api.wire.schemas import CASE_ID
from app.domain.calendar.clock import JAPAN
from app.domain.calendar.words import day_words
from app.domain.classes import DataClass
from app.domain.directory.agencies import Directory
from app.domain.disclosures.plain_words import BASES, CONSENT, EVENTS, KINDS, TASK, UNKNOWN, UNSAID
from app.domain.disclosures.summary import KnownMessage, SummedUp, Told
from app.domain.printing.ruby import add_readings, plain
from app.domain.text import Text

router = APIRouter(prefix="/v1", tags=["disclosures"])

MOST_REFERENCES = 12
"""How many referrals are named at the head of the sheet, so that it stays on one page."""
MOST_BASES = 5
"""How many laws are named in the row of messages that are summed up, for the same reason."""
_COLUMNS = (52.0, 66.0, 56.0)
_EXECUTOR = ThreadPoolExecutor(1, "person-sheet")
"""Makes one sheet at a time in a thread of its own, so that other calls need not wait."""

PDF_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": both("印刷用の書面(PDF、A4)", "A sheet to print (PDF, A4)"),
        "content": {
            "application/pdf": {
                "schema": {"type": "string", "contentMediaType": "application/pdf"},
                "example": "%PDF-1.3 …",
            }
        },
    }
}


@dataclass(frozen=True, slots=True)
class PersonSheet:
    """The contents of a sheet."""

    agency_id: str
    references: Sequence[str]
    told: Mapping[str, Told]
    """By agency."""
    made_at: datetime


@router.get(
    "/cases/{case_id}/disclosures/sheet",
    response_class=Response,
    responses=PDF_ANSWER,
    **documented(
        "print_disclosures",
        Text(
            "本人のための提供の記録を書面にする",
            "Print the record of disclosures for the person concerned",
        ),
        """Tells which agencies learned what, when and why, in plain Japanese with readings over
        the characters, or in English.

        It holds neither names of persons nor bodies of messages, and only what this agency can
        know. It is no answer to a request for access under the law. That it was made is
        recorded as an export.""",
        parameters={"case_id": CASE_ID},
        headers=("Content-Disposition",),
        records=True,
    ),
)
async def print_disclosures(
    request: Request,
    case_id: str,
    caller: Officer,
    lang: Annotated[
        Language, Query(description=both("書面の言葉", "The language of the sheet"))
    ] = "ja",
) -> Response:
    """どの機関に、いつ、どのような情報が、なぜ伝わったかを、振り仮名付きのやさしい日本語で。

    氏名も本文も載せず、この機関の知りうることだけを書く。法律上の開示請求への回答ではない。
    作ったことを、書き出し(export)として記録する。
    """
    wanted, at = id_in_path(case_id), current_time(request)
    disclosures = dependency(request, Disclosures)
    async with disclosures.turn(caller):
        summary = await disclosures.summarize(caller.agency_id, wanted)
        references = [reference_of(each) for each in summary.referrals]
        sheet = PersonSheet(caller.agency_id, references, summary.agencies(), at)
        directory = current_directory(request)
        detail = {"language": lang, "disclosures": summary.count}
        await disclosures.record_export(caller, wanted, detail)
        content = await asyncio.get_running_loop().run_in_executor(
            _EXECUTOR, lambda: render_pdf(document(sheet, directory, lang))
        )
    headers = {
        "Cache-Control": "no-store",
        "Content-Language": lang,
        "Content-Disposition": 'inline; filename="disclosures.pdf"',
    }
    return Response(content, headers=headers, media_type="application/pdf")


def document(sheet: PersonSheet, directory: Directory, language: Language) -> Document:
    """The sheet as a document to print; the same for the same records and time."""
    writer = _SheetWriter(directory, language)
    maker = writer.agency(sheet.agency_id)
    foot = words.FOOT.in_language(language).format(
        reference=sheet.references[0] if sheet.references else "-", agency=plain(maker)
    )
    return Document(
        title=plain(words.TITLE.in_language(language)),
        language=language,
        blocks=[*writer.beginning(sheet), *writer.tables(sheet), *writer.end()],
        foot=foot,
        made_at=sheet.made_at,
        ruby=language == "ja",
    )


@dataclass(frozen=True, slots=True)
class _SheetWriter:
    """Writes a sheet in one language."""

    directory: Directory
    language: Language

    def say(self, text: Text) -> str:
        return text.in_language(self.language)

    def agency(self, agency_id: str) -> str:
        agency = self.directory.agency(agency_id)
        if agency is None:
            return agency_id
        if self.language == "en":
            return agency.name_en or agency.name
        return add_readings(agency.name, readings())

    def day(self, at: datetime) -> str:
        return self.say(day_words(at.astimezone(JAPAN).date()))

    def beginning(self, sheet: PersonSheet) -> Iterator[Block]:
        yield Paragraph(self.say(words.TITLE), size=20.0, after=5.0)
        references = list(sheet.references[:MOST_REFERENCES])
        if further := len(sheet.references) - len(references):
            references.append(self.say(words.FURTHER_REFERENCES).format(count=further))
        facts = (
            (words.REFERENCE, "、 ".join(references) or "-"),
            (words.MADE_BY, self.agency(sheet.agency_id)),
            (words.MADE_ON, self.day(sheet.made_at)),
        )
        for title, fact in facts:
            yield Paragraph(f"{self.say(title)}: {fact}", size=12.0, after=1.0)
        yield Paragraph("", after=2.0)
        for text in words.WHAT_IT_IS:
            yield Paragraph(self.say(text))
        if any(told.rest for told in sheet.told.values()):
            yield Paragraph(self.say(words.NOT_ALL), sign="※")

    def tables(self, sheet: PersonSheet) -> Iterator[Block]:
        if not sheet.told:
            yield Paragraph(self.say(words.NOTHING))
        for agency_id, told in sheet.told.items():
            name = self.agency(agency_id)
            rows = [*map(self.row, told.messages), *map(self.further, told.rest)]
            if rows:
                head = tuple(map(self.say, words.HEAD))
                again = self.say(words.AGAIN).format(agency=name)
                yield Table(name, again, head, rows, _COLUMNS)
            else:
                yield Heading(name, 14.0)
            if told.notes:
                yield self.notes(told.notes)

    def row(self, message: KnownMessage) -> tuple[tuple[str, ...], ...]:
        return tuple(self.when(message)), tuple(self.what(message)), tuple(self.why(message))

    def when(self, message: KnownMessage) -> Iterator[str]:
        for how, at in sorted(message.first.items(), key=lambda pair: pair[1]):
            yield self.day(at)
            yield self.say(EVENTS[how])

    def what(self, message: KnownMessage) -> Iterator[str]:
        if message.classes is None:
            yield self.say(UNKNOWN)
            return
        yield from self.kinds(message.classes)

    def kinds(self, classes: Iterable[DataClass]) -> Iterator[str]:
        for data_class in sorted(classes):
            yield "・" + self.say(KINDS[data_class])

    def why(self, message: KnownMessage) -> Iterator[str]:
        basis = BASES.get(message.legal_basis or "")
        if basis:
            yield self.say(basis)
        if message.consented and message.legal_basis != "consent_only":
            yield self.say(CONSENT)
        if not (basis or message.consented):
            # Without consent, an agency receives it because of its task in the flow.
            yield self.say(UNSAID if message.classes is None else TASK)

    def further(self, rest: SummedUp) -> tuple[tuple[str, ...], ...]:
        """The row of messages that are summed up."""
        count = len(rest.messages)
        sender = self.agency(rest.from_agency) if rest.from_agency else "-"
        when = [self.say(words.FROM).format(day=self.day(rest.since))] if rest.since else []
        if rest.until:
            when.append(self.say(words.UNTIL).format(day=self.day(rest.until)))
        what = [self.say(words.FURTHER).format(count=count, agency=sender)]
        what += self.kinds(rest.classes)
        if rest.is_unknown:
            what.append(self.say(UNKNOWN))
        known = (BASES[each] for each in rest.bases if each in BASES)
        why = [self.say(each) for each in islice(known, MOST_BASES)]
        if rest.consented and "consent_only" not in rest.bases:
            why.append(self.say(CONSENT))
        return tuple(when), tuple(what), tuple(why or [self.say(TASK)])

    def notes(self, notes: Mapping[UUID, datetime]) -> Paragraph:
        last = self.day(max(notes.values()))
        text = self.say(words.NAMELESS).format(count=len(notes), day=last)
        return Paragraph(text, size=12.0, after=4.0, indent=2.0)

    def end(self) -> Iterator[Block]:
        for heading, texts in (
            (words.WHAT_YOU_CAN_DO, words.POSSIBLE),
            (words.WHAT_IS_NOT_HERE, words.MISSING),
        ):
            yield Heading(self.say(heading))
            for text in texts:
                yield Paragraph(self.say(text), sign="●", indent=2.0, after=2.5)
