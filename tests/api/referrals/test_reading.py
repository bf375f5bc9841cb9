"""Reading referrals and messages over HTTP, and the printed sheet."""

import re
from collections.abc import Callable
from typing import Any
from unittest.mock import ANY
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.adapters.ids import mark_of
from app.api.referrals import schemas as referral_shapes
from app.api.wire import schemas as shapes
from app.api.wire.paging import cursor_of
from app.api.wire.responses import tag_in
from app.domain.flows import BODIES

Make = Callable[..., dict[str, Any]]
ANY_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@pytest.fixture
async def notice(speak: Any, opening: Make) -> dict[str, Any]:
    """A notice of prison-fuchu to probation-13."""
    message = opening()
    answer = await (await speak("prison-fuchu")).post("/v1/referrals", json=message)
    assert answer.status_code == 201
    return message


async def test_a_referral_has_the_shape_that_is_published(
    speak: Any, notice: dict[str, Any]
) -> None:
    office = await speak("probation-13")
    answer = await office.get(f"/v1/referrals/{notice['id']}")
    referral = answer.json()
    assert set(referral) == set(shapes.example_of(referral_shapes.ReferralOut))
    referral_shapes.ReferralOut.model_validate(referral)
    assert referral["parties"]["institution"]["agency_id"] == "prison-fuchu"
    assert referral["you"]["party"] == "probation_office"
    assert referral["actions"][0]["title"] == "調査・面接の開始"
    english = await office.get(f"/v1/referrals/{notice['id']}", headers={"Accept-Language": "en"})
    assert english.json()["actions"][0]["title"] == "start the selection"


async def test_what_has_not_changed_is_not_sent_again(speak: Any, notice: dict[str, Any]) -> None:
    office = await speak("probation-13")
    where = f"/v1/referrals/{notice['id']}"
    tag = (await office.get(where)).headers["ETag"]
    same = await office.get(where, headers={"If-None-Match": f'W/"0", {tag}'})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    assert (await office.get(where, headers={"If-None-Match": 'W/"0"'})).status_code == 200


async def test_each_language_has_a_tag_of_its_own_and_a_step_takes_both(
    speak: Any, notice: dict[str, Any]
) -> None:
    office = await speak("probation-13")
    where = f"/v1/referrals/{notice['id']}"
    english = {"Accept-Language": "en"}
    tags = [(await office.get(where, headers=h)).headers["ETag"] for h in ({}, english)]
    assert len(set(tags)) == 2
    for headers, own, other in (({}, *tags), (english, *reversed(tags))):
        same = await office.get(where, headers={**headers, "If-None-Match": own})
        assert (same.status_code, same.headers["ETag"]) == (304, own)
        assert same.headers["Vary"].startswith("Accept-Language")
        changed = await office.get(where, headers={**headers, "If-None-Match": other})
        assert changed.headers["ETag"] == own
        assert changed.json()["version"] == tags[0]
    start = {
        "occurred_on": "2026-11-20",
        "body": dict(BODIES["special_adjustment.start_selection"].EXAMPLE),
    }
    # A tag has a mark where something else than a message changed what can be sent.
    marked = [tag_in(tags[0], "ja", "0a1b2c3d"), tag_in(tags[0], "en", "0a1b2c3d")]
    taken = [(tag, 200) for tag in (*tags, *marked)]
    for wanted, status in (*taken, ('W/"0-en"', 412), ('W/"0.0a1b2c3d-en"', 412)):
        answer = await office.post(
            f"{where}/messages?dry_run=true", json=start, headers={"If-Match": wanted}
        )
        assert answer.status_code == status, answer.text


async def test_a_message_is_opened_on_the_record(
    speak: Any, notice: dict[str, Any], tables: asyncpg.Pool
) -> None:
    office = await speak("probation-13")
    answer = await office.get(f"/v1/referrals/{notice['id']}/messages/{notice['id']}")
    message = answer.json()
    assert set(message) == set(shapes.example_of(referral_shapes.MessageOut))
    referral_shapes.MessageOut.model_validate(message)
    assert message["number"] == 1
    assert message["salts"].keys() == message["digests"].keys()
    entries = await tables.fetch(
        "SELECT seat_id FROM log_entry WHERE kind = 'disclosure' AND message_id = $1", notice["id"]
    )
    assert [entry["seat_id"] for entry in entries] == ["probation-13.decider"]


async def test_a_seat_opens_no_more_than_its_classes(speak: Any, notice: dict[str, Any]) -> None:
    viewer = await speak("probation-13", "viewer")
    message = (await viewer.get(f"/v1/referrals/{notice['id']}/messages/{notice['id']}")).json()
    assert {"class": "C4", "reason": "not_your_seat"} in message["withheld"]
    assert "sentence_kind" not in message["body"]
    assert "C4" in message["digests"]
    assert "C4" not in message["salts"]


async def test_lists_hold_no_body_and_are_no_disclosure(
    speak: Any, notice: dict[str, Any], tables: asyncpg.Pool
) -> None:
    office = await speak("probation-13")
    page = await office.get(f"/v1/referrals/{notice['id']}/messages")
    referral_shapes.EnvelopePage.model_validate(page.json())
    assert not {"body", "salts", "withheld"} & set(page.json()["items"][0])
    referrals = (await office.get("/v1/referrals?limit=1")).json()
    referral_shapes.ReferralPage.model_validate(referrals)
    assert referrals["items"][0]["id"] == notice["id"]
    assert not await tables.fetchval(
        "SELECT count(*) FROM log_entry WHERE kind = 'disclosure' AND message_id = $1", notice["id"]
    )


async def test_pages_meet_without_gap_or_overlap(speak: Any, opening: Make, envelope: Make) -> None:
    prison, office = await speak("prison-fuchu"), await speak("probation-46")
    ids = []
    for _ in range(5):
        message = opening(to={"probation_office": "probation-46"})
        await prison.post("/v1/referrals", json=message)
        ids.append(message["id"])
    seen, path = [], "/v1/referrals?limit=2"
    while path:
        page = (await office.get(path)).json()
        seen += [item["id"] for item in page["items"]]
        path = page["next"] and f"/v1/referrals?limit=2&cursor={page['next']}"
    assert seen == ids[::-1]
    for message_type in ("start_selection", "transfer_office"):
        await office.post(
            f"/v1/referrals/{ids[0]}/messages",
            json=envelope(f"special_adjustment.{message_type}"),
        )
    where = f"/v1/referrals/{ids[0]}/messages?limit=1"
    first = (await prison.get(where)).json()
    second = (await prison.get(f"{where}&cursor={first['next']}")).json()
    assert [p["items"][0]["number"] for p in (first, second)] == [1, 2]


async def test_referrals_are_found_by_flow_state_and_time(
    speak: Any, notice: dict[str, Any]
) -> None:
    office = await speak("probation-13")
    item = (await office.get("/v1/referrals?limit=1")).json()["items"][0]

    async def find(query: str) -> set[str]:
        answer = await office.get(f"/v1/referrals?{query}")
        assert answer.status_code == 200
        return {i["id"] for i in answer.json()["items"]}

    assert notice["id"] in await find("flow=special_adjustment&state=candidate_notified")
    assert notice["id"] not in await find("flow=suspect_support")
    assert notice["id"] not in await find("state=closed")
    # A plain + is a space in a query; an instant of ours is to work as it stands.
    assert notice["id"] not in await find(f"updated_after={item['updated_at']}")
    assert notice["id"] in await find("updated_after=2020-01-01T00:00:00Z")


async def test_changes_are_followed_from_the_first_list_on(
    speak: Any, opening: Make, envelope: Make
) -> None:
    office, prison = await speak("probation-13"), await speak("prison-fuchu")
    listed = (await office.get("/v1/referrals?limit=1")).json()
    assert set(listed) == set(shapes.example_of(referral_shapes.ReferralPage))
    messages = [opening() for _ in range(3)]
    for message in messages:
        await prison.post("/v1/referrals", json=message)
    path = f"/v1/referrals/{messages[0]['id']}/messages"
    await office.post(path, json=envelope("special_adjustment.start_selection"))
    changes, seen = listed["changes"], list[str]()
    for most in (2, 1, 0):
        page = (await office.get(f"/v1/referrals?limit=2&changed_after={changes}")).json()
        assert (len(page["items"]), page["next"]) == (most, None)
        seen += [item["id"] for item in page["items"]]
        changes = page["changes"]
    assert seen == [m["id"] for m in (*messages[1:], messages[0])]


@pytest.mark.parametrize(
    ("query", "pointer", "reason"),
    [
        ("changed_after=x", "changed_after", "cursor"),
        (f"changed_after={cursor_of(1, 2)}", "changed_after", "cursor"),
        (f"changed_after={cursor_of(10**9)}", "changed_after", "beyond_head"),
        (f"changed_after={cursor_of(0)}&cursor={cursor_of(1)}", "cursor", "not_with_changed_after"),
        (
            f"changed_after={cursor_of(0)}&updated_after=2026-01-01T00:00:00Z",
            "updated_after",
            "not_with_changed_after",
        ),
    ],
)
async def test_what_does_not_say_where_to_follow_on_is_refused(
    speak: Any, query: str, pointer: str, reason: str
) -> None:
    answer = await (await speak("probation-13")).get(f"/v1/referrals?{query}")
    assert answer.status_code == 422
    assert {"pointer": f"/query/{pointer}", "reason": reason}.items() <= answer.json()["errors"][
        0
    ].items()


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "flow=A",
        "state=" + "x" * 65,
        "updated_after=2026-01-01T00:00:00",
        "updated_after=0001-01-01T00:00:00%2B09:00",
        "updated_after=9999-12-31T23:59:59-12:00",
        "cursor=x",
        "cursor=%FF",
        "cursor=" + "a" * 301,
        f"cursor={cursor_of('2026-01-01', 'x')}",
        f"cursor={cursor_of('2026-01-01T00:00:00', UUID(int=1))}",
        f"cursor={cursor_of('0001-01-01T00:00:00+09:00', UUID(int=1))}",
        f"cursor={cursor_of(1)}",
    ],
)
async def test_a_wrong_question_is_refused(speak: Any, query: str) -> None:
    answer = await (await speak("probation-13")).get(f"/v1/referrals?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/query/{query.partition('=')[0]}"


async def test_many_are_opened_at_once_and_what_is_not_ours_is_left_out(
    speak: Any, notice: dict[str, Any], opening: Make
) -> None:
    osaka = await speak("prison-osaka")
    foreign = opening(to={"probation_office": "probation-27"})
    await osaka.post("/v1/referrals", json=foreign)
    office = await speak("probation-13")
    wanted = [foreign["id"], notice["id"], str(uuid4())]
    answer = await office.post("/v1/messages/read", json={"ids": wanted})
    referral_shapes.MessagesOut.model_validate(answer.json())
    assert [m["id"] for m in answer.json()["items"]] == [notice["id"]]
    twice = await office.post("/v1/messages/read", json={"ids": [notice["id"], notice["id"]]})
    assert twice.json()["errors"] == [{"pointer": "/ids/1", "reason": "given_twice", "hint": ANY}]
    too_many = await office.post(
        "/v1/messages/read", json={"ids": [str(uuid4()) for _ in range(51)]}
    )
    assert too_many.json()["errors"] == [{"pointer": "/ids", "reason": "too_long"}]


async def test_a_message_is_only_where_it_was_sent(
    speak: Any, notice: dict[str, Any], opening: Make, tables: asyncpg.Pool
) -> None:
    prison, other = await speak("prison-fuchu"), opening()
    await prison.post("/v1/referrals", json=other)
    answer = await prison.get(f"/v1/referrals/{other['id']}/messages/{notice['id']}")
    assert answer.status_code == 404
    assert not await tables.fetchval(
        "SELECT count(*) FROM log_entry WHERE kind = 'disclosure' AND message_id = $1", notice["id"]
    )


async def test_an_id_of_another_form_is_the_id_of_nothing(speak: Any) -> None:
    office = await speak("probation-13")
    for wrong in ("x", "0" * 32, "{" + str(uuid4()) + "}", "山田"):
        assert (await office.get(f"/v1/referrals/{wrong}")).status_code == 404


async def test_a_sheet_shows_nothing_outside_and_all_inside(
    speak: Any, opening: Make, tables: asyncpg.Pool
) -> None:
    prison, message = await speak("prison-fuchu"), opening()
    message["body"]["health_summary"] = "<script>alert(1)</script>"
    receipt = (await prison.post("/v1/referrals", json=message)).json()
    where = f"/v1/referrals/{message['id']}/messages/{message['id']}/sheet"
    page = await prison.get(where)
    outside, inside = page.text.split('<section class="inside">')
    for text in (receipt["digest"], "控え", "ほかの機関に渡さないでください"):
        assert text in outside
    # Its recipient is connected: nobody takes it there on paper.
    assert "東京保護観察所 御中" not in page.text
    for text in ("親展", "東京保護観察所", "繋", "太郎", "特別調整", "懲役", message["id"]):
        assert text not in outside
    for text in ("特別調整候補者の通知", "繋", "療育手帳", "1954年5月5日", receipt["digest"]):
        assert text in inside
    assert mark_of(UUID(message["id"])) in inside
    assert not ANY_ID.search(page.text)
    assert "&lt;script&gt;" in inside
    assert "<script" not in page.text
    assert "http" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert await tables.fetchval(
        "SELECT count(*) FROM log_entry WHERE kind = 'disclosure' AND message_id = $1",
        message["id"],
    )
    outsider = await speak("center-47")
    assert (await outsider.get(where)).status_code == 404


async def test_a_sheet_says_to_its_recipient_no_more_than_a_connected_one_could_open(
    speak: Any, opening: Make, envelope: Make
) -> None:
    office = await speak("probation-14")
    paper = {"received_on": "2026-11-20", "medium": "paper", "scan_sha256": "5" * 64}
    keyed = opening(to={"institution": "prison-yokohama"}, paper_origin=paper)
    assert (await office.post("/v1/referrals", json=keyed)).status_code == 201
    messages = f"/v1/referrals/{keyed['id']}/messages"
    for event in ("start_selection", "record_consent", "select_special"):
        step = envelope(f"special_adjustment.{event}")
        assert (await office.post(messages, json=step)).status_code == 201
    request = envelope("special_adjustment.request_cooperation", in_reply_to=keyed["id"])
    answer = await office.post(messages, json=request)
    assert answer.status_code == 201
    sheet = await office.get(f"{messages}/{answer.json()['message_id']}/sheet")
    # Neither of this message, nor of the one that it answers, nor of a consent in the body.
    assert not ANY_ID.search(sheet.text)
    assert mark_of(UUID(keyed["id"])) in sheet.text
    consent = await office.get(f"{messages}/{step['id']}/sheet")
    assert not ANY_ID.search(consent.text)
    assert "横浜刑務所 御中" in sheet.text
    assert "地域生活定着支援センター 御中" not in sheet.text
    assert "保観第130号" in sheet.text
    for word in ("繋", "太郎", "1954", "窃盗", "高血圧"):
        assert word not in sheet.text
