"""Two cases of the same kind that know nothing of each other, played over HTTP."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from app.domain.flows import BODIES
from app.domain.messages.payloads.samples import CONSENT_ID, CONSENT_REGIONAL_ID
from tests.whole.matrix.speaker import Speaker

SAID_ON = "2026-11-20"
URL = "https://93.184.215.14/tsunagu"
PAPER = {"medium": "paper", "received_on": "2026-11-19", "scan_sha256": "5" * 64}


@dataclass(frozen=True)
class Played:
    """What one center has to do with: a case with its office, on paper for its prison."""

    center: str
    office: str
    case: str
    referral: str
    hidden: str
    """A message of the referral from before the center joined."""
    request: str
    """What the center was sent."""
    accepted: str
    """What it sent, on paper too."""
    interview: str
    """What it sent since."""
    entry: str
    """The entry of the log for that."""
    hidden_entry: str
    """The one for what the center does not know of."""
    taken_back: str
    """What it sent and took back, after it was opened."""
    disclosure: str
    asked_back: str
    """A request to return what it had opened in another case, where consent was withdrawn."""
    consent: str
    webhook: str
    notice: str
    """One of the webhook's."""
    act: str
    """What its records officer proposed; and two more."""
    refused_act: str
    withdrawn_act: str
    asked_to_give: str = ""
    """A request to give back what it was sent."""
    asked_to_erase: str = ""
    """A request of the office to erase what the center holds too; and one of the center's."""
    erasure_request: str = ""


def envelope(message_type: str, **changed: Any) -> dict[str, Any]:
    """The published example of a type, in an envelope with a new id."""
    body = dict(BODIES[message_type].EXAMPLE)
    return {"id": str(uuid4()), "occurred_on": SAID_ON, "body": body, **changed}


def entry_of(accepted: Mapping[str, str]) -> str:
    """The entry of the log that a receipt names."""
    claims = accepted["receipt"].split(".")[1]
    entry: str = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["log_entry"]
    return entry


def hold(referral: str) -> dict[str, Any]:
    """A proposal to keep a referral from being erased."""
    detail = {"reason": "audit"}
    return {"id": str(uuid4()), "kind": "hold.set", "target": referral, "detail": detail}


async def ask_back(speaker: Speaker, office: str, center: str) -> str:
    """A request to the center to return what it opened before consent was withdrawn."""
    opening = envelope(
        "special_adjustment.notify_candidate",
        to={"institution": "prison-chiba", "probation_office": office},
        paper_origin=PAPER,
    )
    referral = (await speaker.post(office, "/v1/referrals", opening)).json()["referral_id"]
    consent = str(uuid4())
    for event in (
        "start_selection",
        "record_consent",
        "select_special",
        "request_cooperation",
        "withdraw_consent",
    ):
        to = {"to": {"center": center}} if event == "request_cooperation" else {}
        written = json.dumps(envelope(f"special_adjustment.{event}", **to))
        message = json.loads(written.replace(CONSENT_ID, consent))
        await speaker.post(office, f"/v1/referrals/{referral}/messages", message)
        if to:
            await speaker.post(center, "/v1/messages/read", {"ids": [message["id"]]})
    requests = (await speaker.get(center, "/v1/return-requests")).json()["items"]
    return next(str(each["id"]) for each in requests if each["referral_id"] == referral)


async def play(speaker: Speaker, office: str, center: str) -> Played:
    """A special adjustment that the center has accepted, with something of every kind in it."""
    post = speaker.post
    webhook = (await post(center, "/v1/webhooks", {"url": URL})).json()["id"]
    test_notice = (await post(center, f"/v1/webhooks/{webhook}/test", None)).json()
    opening = envelope(
        "special_adjustment.notify_candidate",
        to={"institution": "prison-chiba", "probation_office": office},
        paper_origin=PAPER,
    )
    notice = (await post(office, "/v1/referrals", opening)).json()
    referral = notice["referral_id"]
    consent = str(uuid4())  # not the examples': each case is to have one of its own
    within = f"/v1/referrals/{referral}/messages"

    async def send(agency: str, event: str, **changed: Any) -> dict[str, str]:
        written = json.dumps(envelope(f"special_adjustment.{event}", **changed))
        message = json.loads(written.replace(CONSENT_ID, consent))
        answer: dict[str, str] = (await post(agency, within, message)).json()
        return answer

    async def say(agency: str, event: str, **changed: Any) -> str:
        return (await send(agency, event, **changed))["message_id"]

    for event in ("start_selection", "record_consent", "select_special"):
        await say(office, event)
    request = await say(office, "request_cooperation", to={"center": center})
    accepted = await send(center, "accept")
    taken_back = await say(center, "interview", urgency="urgent")
    await post(office, "/v1/messages/read", {"ids": [taken_back]})
    interview = await say(center, "interview")
    recalled = await post(center, f"{within}/{taken_back}/recall", {"reason": "wrong_person"})
    (copy,) = recalled.json()["recalled"]
    regional = envelope("special_adjustment.record_consent")
    regional["body"] |= {"consent_id": CONSENT_REGIONAL_ID, "purpose": "regional"}
    await post(office, within, regional)
    acts = [await post(center, "/v1/acts", hold(referral), "records_officer") for _ in range(3)]
    act, refused, withdrawn = (str(answer.json()["id"]) for answer in acts)
    standing = await speaker.get(center, f"/v1/referrals/{referral}")
    return Played(
        center=center,
        office=office,
        case=standing.json()["case_id"],
        referral=referral,
        hidden=referral,
        request=request,
        accepted=accepted["message_id"],
        entry=entry_of(accepted),
        hidden_entry=entry_of(notice),
        interview=interview,
        taken_back=taken_back,
        asked_back=await ask_back(speaker, office, center),
        disclosure=copy["misdirected_disclosure_id"],
        consent=consent,
        webhook=webhook,
        notice=test_notice["notice_id"],
        act=act,
        refused_act=refused,
        withdrawn_act=withdrawn,
    )
