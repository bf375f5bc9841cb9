"""The sheet of disclosures, from records to pages."""

import re
from collections.abc import Sequence
from dataclasses import replace
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
from app.domain.disclosures.summary import LEAST_LINES, LINES, Summary, fair_shares
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


def sheet(disclosures: Sequence[Disclosure], lines: int = LINES) -> PersonSheet:
    """These disclosures as a sheet of the probation office."""
    summary = Summary(lines)
    summary.take(disclosures)
    return PersonSheet("probation-13", ["AAAA"], summary.agencies(), AT + timedelta(days=100))


def rows(disclosures: Sequence[Disclosure], lines: int = LINES) -> list[list[list[str]]]:
    """The rows of all tables, as plain text."""
    blocks = document(sheet(disclosures, lines), DIRECTORY, "ja").blocks
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


def test_messages_beyond_the_lines_of_one_sender_are_summed_up_and_the_sheet_says_so() -> None:
    disclosures = [
        disclosure("received", 0, uuid4()),
        disclosure("received", 1, uuid4()),
        disclosure("received", 2, uuid4()),
        disclosure("received", 3, uuid4(), classes=(DataClass.C3,), legal_basis="rpa_82"),
        disclosure("opened", 9, uuid4(), classes=None),
    ]
    *single, (when, what, why) = rows(disclosures, lines=3)
    assert len(single) == 3
    assert when == ["2026年(令和8年) 6月23日から", "2026年(令和8年) 6月29日まで"]
    assert what[0] == "ほかに 2回 (東京保護観察所から)"
    assert what[1] == "・" + plain(KINDS[DataClass.C3].ja)
    assert "分かりません" in what[2]
    assert why == [plain(BASES["rpa_82"].ja)]
    assert "まとめた" in paragraphs(sheet(disclosures, lines=3))
    assert "まとめた" not in paragraphs(sheet(disclosures))


def test_what_one_sender_tells_pushes_off_nothing_that_another_tells() -> None:
    many = [disclosure("received", 0, uuid4(), legal_basis="rpa_82") for _ in range(2_000)]
    one = replace(disclosure("received", 1, uuid4(), legal_basis="rpa_85"), from_agency="prison-x")
    for order in ([*many, one], [one, *many]):
        table = rows(order)
        assert len(table) == LINES + 1
        assert [why for _, _, why in table].count([plain(BASES["rpa_85"].ja)]) == 1


def test_every_agency_is_on_the_sheet_however_many_there_are() -> None:
    agencies = [f"agency-{n:03}" for n in range(300)]
    disclosures = [
        disclosure("received", n, uuid4(), agency=each)
        for each in agencies
        for n in range(LEAST_LINES + 2)
    ]
    tables = [
        b for b in document(sheet(disclosures), DIRECTORY, "en").blocks if isinstance(b, Table)
    ]
    assert [table.heading for table in tables] == agencies
    assert {len(table.rows) for table in tables} == {LEAST_LINES + 1}


def test_a_sheet_of_many_referrals_with_every_law_and_class_has_room_for_its_rows() -> None:
    disclosures = [
        disclosure("received", n, uuid4(), classes=tuple(DataClass), legal_basis=basis)
        for n, basis in enumerate(BASES)
    ]
    summary = Summary(1)
    summary.take(disclosures)
    references = [f"{n:08}" for n in range(2_000)]
    made = PersonSheet("probation-13", references, summary.agencies(), AT)
    for language in ("ja", "en"):
        pages = PdfReader(BytesIO(render_pdf(document(made, DIRECTORY, language)))).pages
        assert len(pages) < 5
        assert "1988" in re.sub(r"[\x00\s]", "", pages[0].extract_text())


def test_of_shares_nobody_gets_more_than_others_that_could_use_it() -> None:
    assert fair_shares({"a": 900, "b": 2, "c": 40}, 100, 3) == {"b": 2, "c": 40, "a": 58}
    assert fair_shares({"a": 900, "b": 900}, 100, 3) == {"a": 50, "b": 50}
    assert fair_shares(dict.fromkeys(range(50), 9), 10, 3) == dict.fromkeys(range(50), 3)
    assert fair_shares({}, 10, 3) == {}


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
