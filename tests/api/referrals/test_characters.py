"""Text comes back as it was sent, or is refused with its place and what to do."""

from collections.abc import Callable
from itertools import islice
from typing import Any
from unicodedata import combining

import pytest

from tests.api.evidence.played import fetch, findings_of
from tests.support.characters import JIS_X_0213
from tests.support.evidence import Sealing
from tests.support.service import Service

Make = Callable[..., dict[str, Any]]
MOST = 450
"""Of the characters of a field of a thousand: some are two code points, and marks need a letter."""
LETTERS = [f"字{c}" if combining(c[0]) else c for c in JIS_X_0213]


def with_subject(opening: Make, **subject: Any) -> dict[str, Any]:
    message = opening()
    message["body"] = {**message["body"], "subject": {**message["body"]["subject"], **subject}}
    return message


async def test_every_character_of_jis_x_0213_is_read_as_it_was_sent(
    speak: Any, opening: Make, service: Service, sealing: Sealing
) -> None:
    prison, left = await speak("prison-fuchu"), iter(LETTERS)
    while chunk := "".join(islice(left, MOST)):
        note = "字" + "".join(islice(left, MOST))
        name = "".join(c for c in chunk if c.isalpha())[:99] or "名"
        message = with_subject(
            opening, family_name=name, name_note=note, address={"full_address": chunk}
        )
        answer = await prison.post("/v1/referrals", json=message)
        assert answer.status_code == 201, answer.text
        place = f"/v1/referrals/{message['id']}/messages/{message['id']}"
        subject = (await prison.get(place)).json()["body"]["subject"]
        assert subject["address"]["full_address"] == chunk
        assert (subject["name_note"], subject["family_name"]) == (note, name)
        assert (await prison.get(f"{place}/sheet")).status_code == 200
    case = (await prison.get(f"/v1/referrals/{message['id']}")).json()["case_id"]
    async with sealing():
        bundle = await fetch(service, "prison-fuchu", case)
    assert bundle.status_code == 200
    assert not findings_of(bundle.content).problems


@pytest.mark.parametrize(
    ("first", "again"),
    [("暑", "\ufa43"), ("ポール", "ホ\u309aール"), ("é", "e\u0301"), ("한", "\u1112\u1161\u11ab")],
)
async def test_a_repeat_may_hold_the_same_text_in_another_form(
    speak: Any, opening: Make, first: str, again: str
) -> None:
    prison, message = await speak("prison-fuchu"), with_subject(opening, family_name=first)
    accepted = await prison.post("/v1/referrals", json=message)
    message["body"]["subject"]["family_name"] = again
    repeated = await prison.post("/v1/referrals", json=message)
    assert (accepted.status_code, repeated.status_code) == (201, 200)
    assert accepted.content == repeated.content
    message["body"]["subject"]["family_name"] = "別"
    assert (await prison.post("/v1/referrals", json=message)).status_code == 409


@pytest.mark.parametrize(
    ("subject", "place", "reason"),
    [
        ({"family_name": "\ufffd\ufffd"}, "family_name", "replacement_character"),
        ({"given_name": "\ue76c"}, "given_name", "private_use"),
        ({"alternative_name": "？？"}, "alternative_name", "placeholder_only"),
        ({"name_note": "\u200b"}, "name_note", "invisible_only"),
        ({"family_name": "辻\u202e"}, "family_name", "direction_control"),
        ({"address": {"full_address": "1\x8e"}}, "address/full_address", "control_character"),
        ({"family_name_kana": "ﾀﾅｶ"}, "family_name_kana", "half_width"),
    ],
)
async def test_what_a_text_may_not_hold_is_refused_with_its_place_and_what_to_do(
    speak: Any, opening: Make, subject: dict[str, Any], place: str, reason: str
) -> None:
    message = with_subject(opening, **subject)
    prison = await speak("prison-fuchu")
    hints = set()
    for language in ("ja", "en"):
        answer = await prison.post(
            "/v1/referrals", json=message, headers={"Accept-Language": language}
        )
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["reason"]) == (f"/body/subject/{place}", reason)
        hints.add(error["hint"])
    assert len(hints) == 2
