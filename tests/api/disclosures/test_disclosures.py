"""The record of disclosures over HTTP."""

import asyncio
import json
import re
from collections.abc import Callable
from io import BytesIO
from threading import current_thread
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from pypdf import PdfReader

from app.adapters.printing.pdf import Document, render_pdf
from tests.support.service import Service, Speak

Opening = Callable[..., dict[str, Any]]


async def case_of(speak: Speak, opening: Opening) -> tuple[str, dict[str, Any]]:
    """A case with one message, sent by the prison: its id, and what was sent."""
    message = opening()
    prison = await speak("prison-fuchu")
    assert (await prison.post("/v1/referrals", json=message)).status_code == 201
    case: str = (await prison.get(f"/v1/referrals/{message['id']}")).json()["case_id"]
    return case, message


async def test_both_sides_read_who_received_and_opened_what(speak: Speak, opening: Opening) -> None:
    case, message = await case_of(speak, opening)
    officer = await speak("probation-13", "records_officer")
    reader = await speak("probation-13", "case_worker")
    await reader.get(f"/v1/referrals/{message['id']}/messages/{message['id']}")
    prison = await speak("prison-fuchu")
    for client in (prison, officer):
        answer = await client.get(f"/v1/cases/{case}/disclosures")
        assert answer.status_code == 200
        received, opened = answer.json()["items"]
        assert [received["how"], opened["how"]] == ["received", "opened"]
        assert received["agency_id"] == opened["agency_id"] == "probation-13"
        assert received["classes"][:2] == ["C0", "C1"]
        assert opened["seat_id"] == "probation-13.case_worker"
        assert received["from"] == {"party": "institution", "agency_id": "prison-fuchu"}
        assert "繋" not in answer.text


async def test_pages_follow_each_other_and_can_be_narrowed(speak: Speak, opening: Opening) -> None:
    case, message = await case_of(speak, opening)
    office = await speak("probation-13")
    for _ in range(2):
        await office.get(f"/v1/referrals/{message['id']}/messages/{message['id']}")
    seen, cursor = list[str](), None
    for _ in range(3):
        params = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        page = (await office.get(f"/v1/cases/{case}/disclosures", params=params)).json()
        seen += [item["how"] for item in page["items"]]
        cursor = page["next"]
    assert seen == ["received", "opened", "opened"]
    assert cursor is None
    for params, count in (({"class": "C8"}, 0), ({"agency": "probation-13"}, 3)):
        page = (await office.get(f"/v1/cases/{case}/disclosures", params=params)).json()
        assert len(page["items"]) == count


@pytest.mark.parametrize(
    "cursor",
    ["x", "WyJ4Il0", "WyJhIiwiYiIsImMiLCJkIiwiZSIsImYiXQ",
     "WyIwMTkzNmI3ZS0yZjAwLTdjM2EtOWQ1Mi02YjFmMGM0ZThhMDEiLCItMSIsIiIsIjAiLCIwIiwiMDE5MzZiN2UtMmYwMC03YzNhLTlkNTItNmIxZjBjNGU4YTAxIl0"],
)  # fmt: skip
async def test_a_cursor_that_is_none_of_ours_is_refused(
    speak: Speak, opening: Opening, cursor: str
) -> None:
    case, _ = await case_of(speak, opening)
    prison = await speak("prison-fuchu")
    answer = await prison.get(f"/v1/cases/{case}/disclosures", params={"cursor": cursor})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/query/cursor", "reason": "cursor"}]


async def test_to_a_stranger_a_case_is_as_if_it_were_not_there(
    speak: Speak, opening: Opening
) -> None:
    case, _ = await case_of(speak, opening)
    stranger = await speak("center-27")
    answers = [
        await stranger.get(f"/v1/cases/{each}/disclosures{rest}")
        for rest in ("", "/sheet")
        for each in (case, str(uuid4()), "x")
    ]
    assert [a.status_code for a in answers] == [404] * len(answers)
    assert len({a.text.replace(a.json()["instance"], "") for a in answers}) == 1


async def test_it_asks_for_the_scope_of_those_who_keep_records(
    speak: Speak, opening: Opening
) -> None:
    case, _ = await case_of(speak, opening)
    worker = await speak("prison-fuchu", "case_worker")
    answer = await worker.get(f"/v1/cases/{case}/disclosures")
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/scope_missing")


def words_of(content: bytes) -> str:
    """The text of a PDF, in the order of its pages, without spaces."""
    pages = PdfReader(BytesIO(content)).pages
    return "".join(re.sub(r"[\x00\s]", "", page.extract_text()) for page in pages)


async def test_the_sheet_says_who_was_told_what_when_and_nothing_else(
    speak: Speak, opening: Opening, service: Service, tables: asyncpg.Pool
) -> None:
    case, message = await case_of(speak, opening)
    prison = await speak("prison-fuchu")
    answer = await prison.get(f"/v1/cases/{case}/disclosures/sheet")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.headers["Cache-Control"] == "no-store"
    words = words_of(answer.content)
    today = service.clock().date()
    for expected in (
        "{東京|とうきょう}{保護観察所|ほごかんさつしょ}",
        "{府中|ふちゅう}{刑務所|けいむしょ}",
        "{名前|なまえ}",
        "{事件|じけん}",
        "{届|とど}きました",
    ):
        assert re.sub(r"[{}|]", "", expected) in words, expected
    assert f"{today.month}月" in words
    assert (await prison.get(f"/v1/referrals/{message['id']}")).json()["reference"] in words
    subject = message["body"]["subject"]
    for hidden in (
        "太郎",
        "繋",
        "タロウ",
        "ツナグ",
        "架空市",
        "1954",
        subject["address"]["full_address"],
    ):
        assert hidden not in words
    entry = await tables.fetchrow(
        "SELECT * FROM log_entry WHERE kind = 'export' AND case_id = $1", UUID(case)
    )
    assert entry is not None
    assert entry["agencies"] == ["prison-fuchu"]
    assert entry["seat_id"] == "prison-fuchu.decider"
    assert json.loads(entry["detail"]) == {
        "what": "disclosures",
        "language": "ja",
        "disclosures": 1,
    }


async def test_the_sheet_comes_in_english_too(speak: Speak, opening: Opening) -> None:
    case, _ = await case_of(speak, opening)
    prison = await speak("prison-fuchu")
    answer = await prison.get(f"/v1/cases/{case}/disclosures/sheet", params={"lang": "en"})
    assert answer.headers["Content-Language"] == "en"
    assert "TokyoProbationOffice" in words_of(answer.content)
    refused = await prison.get(f"/v1/cases/{case}/disclosures/sheet", params={"lang": "fr"})
    assert refused.status_code == 422


async def test_the_sheet_is_made_beside_the_loop(
    speak: Speak, opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_in: list[str] = []

    def seen(document: Document) -> bytes:
        made_in.append(current_thread().name)
        return render_pdf(document)

    monkeypatch.setattr("app.api.disclosures.person_sheet.render_pdf", seen)
    case, _ = await case_of(speak, opening)
    prison = await speak("prison-fuchu")
    path = f"/v1/cases/{case}/disclosures/sheet"
    answers = await asyncio.gather(*(prison.get(path) for _ in range(3)))
    assert [a.status_code for a in answers] == [200] * 3
    assert set(made_in) == {"person-sheet_0"}
