"""Two cases of the same kind that know nothing of each other, played over HTTP."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from httpx import Response

from app.domain.flows import BODIES
from app.domain.payloads.samples import CONSENT_ID, CONSENT_REGIONAL_ID

Post = Callable[..., Awaitable[Response]]
"""`await post(agency, path, json, role)`, from the agency's decider or that role."""

SAID_ON = "2026-11-20"
URL = "https://93.184.215.14/tsunagu"


@dataclass(frozen=True)
class Played:
    """What one center has to do with: a case with its office, on paper for its prison."""

    center: str
    referral: str
    hidden: str
    """A message of the referral from before the center joined."""
    request: str
    """What the center was sent."""
    accepted: str
    """What it sent, on paper too."""
    interview: str
    """What it sent since."""
    taken_back: str
    """What it sent and took back, after it was opened."""
    disclosure: str
    consent: str
    webhook: str
    notice: str
    """One of the webhook's."""
    act: str
    """What its records officer proposed; and two more."""
    refused_act: str
    withdrawn_act: str


def envelope(message_type: str, **changed: Any) -> dict[str, Any]:
    """The published example of a type, in an envelope with a new id."""
    body = dict(BODIES[message_type].EXAMPLE)
    return {"id": str(uuid4()), "occurred_on": SAID_ON, "body": body, **changed}


def hold(referral: str) -> dict[str, Any]:
    """A proposal to keep a referral from being erased."""
    detail = {"reason": "audit"}
    return {"id": str(uuid4()), "kind": "hold.set", "target": referral, "detail": detail}


async def play(post: Post, office: str, center: str) -> Played:
    """A special adjustment that the center has accepted, with something of every kind in it."""
    webhook = (await post(center, "/v1/webhooks", {"url": URL})).json()["id"]
    tried = (await post(center, f"/v1/webhooks/{webhook}/test", None)).json()
    opening = envelope(
        "special_adjustment.notify_candidate",
        to={"institution": "prison-chiba", "probation_office": office},
        paper_origin={"medium": "paper", "received_on": "2026-11-19"},
    )
    referral = (await post(office, "/v1/referrals", opening)).json()["referral_id"]
    consent = str(uuid4())  # not the examples': each case is to have one of its own
    within = f"/v1/referrals/{referral}/messages"

    async def say(agency: str, event: str, **changed: Any) -> str:
        written = json.dumps(envelope(f"special_adjustment.{event}", **changed))
        sent = json.loads(written.replace(CONSENT_ID, consent))
        return str((await post(agency, within, sent)).json()["message_id"])

    for event in ("start_selection", "record_consent", "select_special"):
        await say(office, event)
    request = await say(office, "request_cooperation", to={"center": center})
    accepted = await say(center, "accept")
    taken_back = await say(center, "interview", urgency="urgent")
    await post(office, "/v1/messages/read", {"ids": [taken_back]})
    interview = await say(center, "interview")
    recalled = await post(center, f"{within}/{taken_back}/recall", {"reason": "wrong_person"})
    (copy,) = recalled.json()["recalled"]
    regional = envelope("special_adjustment.record_consent")
    regional["body"] |= {"consent_id": CONSENT_REGIONAL_ID, "purpose": "regional"}
    await post(center, within, regional)
    acts = [await post(center, "/v1/acts", hold(referral), "records_officer") for _ in range(3)]
    act, refused, withdrawn = (str(answer.json()["id"]) for answer in acts)
    return Played(
        center=center,
        referral=referral,
        hidden=referral,
        request=request,
        accepted=accepted,
        interview=interview,
        taken_back=taken_back,
        disclosure=copy["misdirected_disclosure_id"],
        consent=consent,
        webhook=webhook,
        notice=tried["notice_id"],
        act=act,
        refused_act=refused,
        withdrawn_act=withdrawn,
    )
