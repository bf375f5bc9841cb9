"""Consents over HTTP."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from tests.support.service import Speak

REQUEST = "special_adjustment.request_cooperation"


async def test_a_refused_disclosure_says_what_is_missing_and_the_list_says_what_there_is(
    speak: Speak,
    opening: Callable[..., dict[str, Any]],
    envelope: Callable[..., dict[str, Any]],
) -> None:
    prison, office = await speak("prison-fuchu"), await speak("probation-13")
    center = await speak("center-13")
    notice = opening()
    place = f"/v1/referrals/{notice['id']}/messages"
    assert (await prison.post("/v1/referrals", json=notice)).status_code == 201
    for event in ("start_selection", "record_consent", "select_special"):
        message = envelope(f"special_adjustment.{event}")
        if event == "record_consent":
            message["body"]["valid_until"] = "2026-02-20"
            message["body"]["item_classes"] = ["C1"]
            expired = message["body"]["consent_id"]
        answer = await office.post(place, json=message)
        if event == "select_special":
            assert answer.json()["guards"][0]["name"] == "requirement6_consent_valid"
    valid = envelope("special_adjustment.record_consent")
    valid["body"]["consent_id"] = str(uuid4())
    assert (await office.post(place, json=valid)).status_code == 201
    select = envelope("special_adjustment.select_special")
    sixth = {"met": True, "consent_id": valid["body"]["consent_id"]}
    requirements = select["body"]["requirements"]  # of the example, which is everybody's
    select["body"]["requirements"] = {
        **requirements,
        "req6_consents_to_information_provision": sixth,
    }
    assert (await office.post(place, json=select)).status_code == 201
    refused = await office.post(place, json=envelope(REQUEST))
    assert refused.status_code == 409
    problem = {g["name"]: g for g in refused.json()["guards"]}["consent_covers"]
    assert problem["consents"] == [{"id": expired, "fails": ["expired", "other_class"]}]
    assert problem["missing"][0]["agency_id"] == "center-13"
    case = (await office.get(f"/v1/referrals/{notice['id']}")).json()["case_id"]
    first = (await office.get(f"/v1/cases/{case}/consents", params={"limit": 1})).json()
    rest = await office.get(f"/v1/cases/{case}/consents", params={"cursor": first["next"]})
    consents = {c["id"]: c for c in (*first["items"], *rest.json()["items"])}
    assert {i: consents[i]["state"] for i in consents} == {
        expired: "expired",
        valid["body"]["consent_id"]: "effective",
    }
    assert consents[expired]["counts_in"] == [notice["id"]]
    nothing = await center.get(f"/v1/cases/{uuid4()}/consents")
    hidden = await center.get(f"/v1/cases/{case}/consents")
    assert hidden.status_code == nothing.status_code == 404
    assert hidden.json() | {"instance": ""} == nothing.json() | {"instance": ""}
    for cursor in ("x", "W10", first["next"][:-3]):
        bad = await office.get(f"/v1/cases/{case}/consents", params={"cursor": cursor})
        assert bad.status_code == 422
