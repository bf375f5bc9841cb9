"""The sheet of disclosures, from records to pages."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from pypdf import PdfReader

from app.adapters.printing.pdf import render_pdf
from app.adapters.printing.typesetting import Heading, Paragraph, Table
from app.api.disclosures.person_sheet import PersonSheet, document
from app.domain.classes import DataClass
from app.domain.directory.agencies import Agency, Directory
from app.domain.disclosures.plain_words import BASES, KINDS
from app.domain.disclosures.record import Disclosure
from app.domain.printing.ruby import has_kanji, plain, runs

JAPAN = timezone(timedelta(hours=9))
AT = datetime(2026, 6, 20, 10, tzinfo=JAPAN)
REFERRAL = UUID(int=1)
DIRECTORY = Directory.of(
    [
        Agency(
            "center-13", "settlement_center", "東京都地域生活定着支援センター", "13", "Tokyo Center"
        ),
        Agency("probation-13", "probation_office", "東京保護観察所", "13", "Tokyo Office"),
        Agency("prison-x", "prison", "名付難刑務所", "13"),
    ]
)


def disclosure(
    how: str, days: int, message: UUID, agency: str = "center-13", **more: Any
) -> Disclosure:
    """Something that became known some days after the start."""
    values: dict[str, Any] = {
        "classes": (DataClass.C0, DataClass.C1),
        "legal_basis": None,
        "consent_ids": (),
        **more,
    }
    return Disclosure(
        how=how,
        at=AT + timedelta(days=days),
        agency_id=agency,
        party=None,
        seat_id=None,
        referral_id=REFERRAL,
        via=REFERRAL,
        message_id=message,
        type="x.y",
        from_party="probation_office",
        from_agency="probation-13",
        shown_by=None,
        **values,
    )


def sheet(disclosures: Sequence[Disclosure], complete: bool = True) -> PersonSheet:
    """These disclosures as a sheet of the probation office."""
    return PersonSheet("probation-13", ["AAAA"], disclosures, complete, AT + timedelta(days=100))


def rows(disclosures: Sequence[Disclosure]) -> list[list[list[str]]]:
    """The rows of all tables, as plain text."""
    blocks = document(sheet(disclosures), DIRECTORY, "ja").blocks
    return [
        [[plain(text) for text in cell] for cell in row]
        for table in blocks
        if isinstance(table, Table)
        for row in table.rows
    ]


def paragraphs(person_sheet: PersonSheet) -> str:
    """All that is not in tables."""
    blocks = document(person_sheet, DIRECTORY, "ja").blocks
    return "\n".join(plain(b.text) for b in blocks if isinstance(b, Paragraph | Heading))


def test_one_message_to_one_agency_is_one_row_with_what_happened_to_it() -> None:
    message = uuid4()
    ((when, what, why),) = rows(
        [
            disclosure("received", 0, message, legal_basis="circular_244", consent_ids=(uuid4(),)),
            disclosure("opened", 3, message, classes=(DataClass.C1,)),
            disclosure("opened", 1, message, classes=(DataClass.C1,)),
        ]
    )
    assert when == [
        "2026年(令和8年) 6月20日", "届きました", "2026年(令和8年) 6月21日", "開きました"
    ]  # fmt: skip
    assert what == ["・" + plain(KINDS[c].ja) for c in (DataClass.C0, DataClass.C1)]
    assert why[0] == plain(BASES["circular_244"].ja)
    assert "同意" in why[1]


def test_what_the_maker_does_not_know_is_said_to_be_unknown() -> None:
    ((_, what, why),) = rows([disclosure("received", 0, uuid4(), classes=None)])
    assert "分かりません" in what[0]
    assert why == ["記録に 書いて ありません"]


def test_whoever_is_told_without_consent_and_basis_is_told_for_its_task() -> None:
    ((_, _, why),) = rows([disclosure("received", 0, uuid4())])
    assert why == ["その 機関の 仕事の ため (どの 法律かは 書いて ありません)"]


def test_notes_without_a_name_are_counted_not_listed() -> None:
    notes = [disclosure("received", n, uuid4(), classes=(DataClass.C0,)) for n in range(4)]
    assert rows(notes) == []
    text = paragraphs(sheet(notes))
    assert "4回" in text
    assert "6月23日" in text


def test_a_sender_that_reads_its_own_message_was_told_nothing() -> None:
    assert rows([disclosure("opened", 0, uuid4(), agency="probation-13")]) == []
    assert "ありません" in paragraphs(sheet([]))


def test_an_incomplete_sheet_says_so() -> None:
    disclosures = [disclosure("received", 0, uuid4())]
    assert "全部は" in paragraphs(sheet(disclosures, complete=False))
    assert "全部は" not in paragraphs(sheet(disclosures))


def test_a_name_without_a_known_reading_is_printed_without() -> None:
    tables = document(
        sheet([disclosure("received", 0, uuid4(), agency="prison-x")]), DIRECTORY, "ja"
    ).blocks
    (table,) = [b for b in tables if isinstance(b, Table)]
    assert table.heading == "名付難刑務所"


def test_all_else_on_the_sheet_has_readings() -> None:
    disclosures = [disclosure("received", n, uuid4(), legal_basis="rpa_82") for n in range(3)]
    for block in document(sheet(disclosures), DIRECTORY, "ja").blocks:
        texts = [block.text] if isinstance(block, Paragraph | Heading) else [block.heading]
        if isinstance(block, Table):
            texts += [*block.head, *(t for row in block.rows for cell in row for t in cell)]
        for text in texts:
            assert all(run.reading or not has_kanji(run.text) for run in runs(text)), text


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_same_records_are_the_same_bytes_on_every_page_numbered(language: Any) -> None:
    ids = [UUID(int=n) for n in range(60)]
    made = sheet([disclosure("received", n, i) for n, i in enumerate(ids)])
    content = render_pdf(document(made, DIRECTORY, language))
    assert render_pdf(document(made, DIRECTORY, language)) == content
    pages = PdfReader(BytesIO(content)).pages
    name = {"ja": "定着ていちゃく支援しえんセンター", "en": "TokyoCenter"}[language]
    for number, page in enumerate(pages, start=1):
        text = re.sub(r"[\x00\s]", "", page.extract_text())
        assert f"{number}/{len(pages)}" in text
        assert "AAAA" in text
        assert number == len(pages) or name in text
