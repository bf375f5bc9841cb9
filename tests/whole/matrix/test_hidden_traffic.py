"""What others say to each other behind one's back changes nothing that one can read.

Every operation that reads is asked twice, by every role of a party: a prison, before and after its
probation office and the center asked each other, opened, acknowledged, took back, proposed and
exported; and a center that was asked for help, while things happened in the case above it. A new
operation is asked too, without anybody remembering to add it.
"""

import io
import re
import zipfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response

from app.domain.classes import DataClass
from app.domain.flows import FLOWS
from app.domain.messages.payloads.samples import CONSENT_REGIONAL_ID
from tests.support.contract import CONTRACT
from tests.whole.matrix.agreed import ROWS
from tests.whole.matrix.conftest import World
from tests.whole.matrix.places import QUERIES
from tests.whole.matrix.played import entry_of, envelope, hold
from tests.whole.matrix.speaker import bearer
from tests.whole.matrix.tokens import caller

PRISON, OFFICE, CENTER, HELPER = "prison-fuchu", "probation-13", "center-13", "center-27"
ROLES = ("decider", "viewer", "records_officer", "auditor")
OF_THE_WHOLE_LOG = {"read_checkpoint", "list_leaves", "prove_inclusion", "prove_consistency"}
"""How much happens in all of the service, whoever takes part in it, is for `log:read` to see."""
OPENING = {"read_message", "print_message", "read_bundle", "print_disclosures"}
"""To read these is written down, and so changes what oneself reads of the log."""

ITEMS = (
    PRISON,
    OFFICE,
    CENTER,
    HELPER,
    "bar-13-tokyo",
    "prison",
    "probation_office",
    "bar_association",
)
"""Recipients that a consent could name, beside the classes."""

Answers = dict[tuple[str, str], Any]


def read_operations() -> Iterator[tuple[str, str]]:
    """Every operation that reads what is not the same for everybody: id and path."""
    for path, methods in CONTRACT["paths"].items():
        operation = methods.get("get", {})
        if operation.get("security") and operation["operationId"] not in OF_THE_WHOLE_LOG:
            yield operation["operationId"], path


async def ask_all(world: World, who: str, names: set[str], named: Mapping[str, str]) -> Answers:
    """What an agency is answered by these operations, in every role."""
    answers: Answers = {}
    for role in ROLES:
        headers = bearer(world.mints.good(caller(who, role)))
        for name, path in read_operations():
            if name not in names:
                continue
            query = dict(QUERIES[name](named)) if name in QUERIES else {}
            answer = await world.http.get(path.format_map(named), params=query, headers=headers)
            answers[name, role] = stable_part(answer)
    return answers


async def rehearse_all(world: World, who: str, named: Mapping[str, str]) -> Answers:
    """What an agency is answered to a rehearsal of every message type, its own or not."""
    answers: Answers = {}
    headers = bearer(world.mints.good(caller(who, "decider")))
    for flow in ("special_adjustment", "regional_coordination"):
        for name, body in FLOWS[flow].bodies.items():
            if body.model_fields.keys() == {"type"}:
                continue
            within = f"/v1/referrals/{named['referral_id']}/messages?dry_run=true"
            answer = await world.http.post(within, json=envelope(name), headers=headers)
            answers["rehearse", name] = stable_part(answer)
        for item in (*DataClass, *ITEMS):
            withdrawal = envelope(f"{flow}.withdraw_consent")
            withdrawal["body"]["withdrawn_items"] = [item]
            answer = await world.http.post(within, json=withdrawal, headers=headers)
            answers["rehearse to withdraw", f"{flow} {item}"] = stable_part(answer)
    return answers


def stable_part(answer: Response) -> Any:
    """An answer, without what is another at every call."""
    kind = answer.headers["content-type"]
    if kind == "application/zip":
        return answer.status_code, sorted(_bundle_contents(answer.content))
    if kind == "application/pdf":
        return answer.status_code, kind
    counting = {"x-request-id", "date", "ratelimit", "ratelimit-policy"}
    headers = {n: v for n, v in answer.headers.items() if n not in counting}
    return answer.status_code, headers, re.sub(r"\d{2}:\d{2}:\d{2}\.\d+", "", answer.text)


def _bundle_contents(content: bytes) -> Iterator[tuple[str, str]]:
    """What a bundle tells of the case; the state of the log in it is another each time."""
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        for name in bundle.namelist():
            if name.startswith(("messages/", "referrals", "receipts/")):
                yield name, bundle.read(name).decode()


async def acknowledge(world: World, agency: str) -> None:
    """Acknowledge all that an agency has."""
    head = (await world.speaker.get(agency, "/v1/inbox/status")).json()["head"]
    await world.speaker.post(agency, "/v1/inbox/acknowledgements", {"through": head})


async def between_office_and_center(world: World, named: Mapping[str, str]) -> None:
    """What office and center do that the prison is not told."""
    post, within = world.speaker.post, f"/v1/referrals/{named['referral_id']}/messages"
    query = envelope("special_adjustment.query")
    await post(CENTER, within, query)
    await post(OFFICE, "/v1/messages/read", {"ids": [query["id"]]})
    await acknowledge(world, OFFICE)
    await post(OFFICE, within, envelope("special_adjustment.answer_query"))
    again = envelope("special_adjustment.query")
    await post(CENTER, within, again)
    await post(CENTER, f"{within}/{again['id']}/recall", {"reason": "wrong_content"})
    await post(OFFICE, f"{within}?dry_run=true", envelope("special_adjustment.answer_query"))
    consent = envelope("special_adjustment.record_consent")
    consent["body"] |= {"consent_id": str(uuid4()), "recipients": [OFFICE]}
    await post(CENTER, within, consent)
    await post(CENTER, "/v1/acts", hold(named["referral_id"]), "records_officer")
    await export_case(world, CENTER, named)


async def above_the_helper(world: World, named: Mapping[str, str]) -> None:
    """What happens in the case above, of which the center that helps there is not told."""
    post, within = world.speaker.post, f"/v1/referrals/{named['above']}/messages"
    moved = envelope("special_adjustment.change_custody")
    await post(PRISON, within, moved)
    await post(OFFICE, "/v1/messages/read", {"ids": [moved["id"]]})
    await acknowledge(world, CENTER)
    consent = envelope("special_adjustment.record_consent")
    consent["body"] |= {"consent_id": str(uuid4()), "recipients": [OFFICE]}
    await post(PRISON, within, consent)
    for answer in ("refuse_consent", "confirm_consent"):
        claim = envelope("special_adjustment.record_consent")
        claim["body"] |= {"consent_id": str(uuid4()), "recipients": [CENTER]}
        await post(CENTER, within, claim)
        answered = envelope(f"special_adjustment.{answer}")
        answered["body"] |= {"consent_id": claim["body"]["consent_id"]}
        assert (await post(OFFICE, within, answered)).status_code == 201
    await post(PRISON, f"{within}/{moved['id']}/recall", {"reason": "wrong_content"})
    await post(CENTER, "/v1/acts", hold(named["above"]), "records_officer")
    await export_case(world, OFFICE, named)


async def export_case(world: World, who: str, named: Mapping[str, str]) -> None:
    """Somebody has all that it knows of the case written down for itself."""
    for path in ("disclosures", "consents", "bundle", "disclosures/sheet"):
        await world.speaker.get(who, f"/v1/cases/{named['case_id']}/{path}")


async def asked_for_cooperation(world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    """A case as far as the request to the center: the notice as accepted, and the request."""
    post = world.speaker.post
    opening = envelope("special_adjustment.notify_candidate", to={"probation_office": OFFICE})
    accepted = (await post(PRISON, "/v1/referrals", opening)).json()
    within = f"/v1/referrals/{accepted['referral_id']}/messages"
    for event in ("start_selection", "record_consent", "select_special"):
        await post(OFFICE, within, envelope(f"special_adjustment.{event}"))
    request = envelope("special_adjustment.request_cooperation", to={"center": CENTER})
    await post(OFFICE, within, request)
    await acknowledge(world, OFFICE)  # what the prison sent: that it may know
    return accepted, request


async def as_the_prison(world: World) -> dict[str, str]:
    """What the prison names."""
    accepted, request = await asked_for_cooperation(world)
    return await names_of(world, PRISON, accepted, request["id"])


async def as_the_helper(world: World) -> dict[str, str]:
    """What the other center names, once it was asked for help."""
    accepted, _ = await asked_for_cooperation(world)
    post, above = world.speaker.post, accepted["referral_id"]
    for event in ("accept", "interview"):
        await post(
            CENTER, f"/v1/referrals/{above}/messages", envelope(f"special_adjustment.{event}")
        )
    consent = envelope("special_adjustment.record_consent")
    consent["body"] |= {"consent_id": CONSENT_REGIONAL_ID, "purpose": "regional"}
    await post(OFFICE, f"/v1/referrals/{above}/messages", consent)
    asked = envelope(
        "regional_coordination.request", to={"destination_center": HELPER}, parent=above
    )
    helping = (await post(CENTER, "/v1/referrals", asked)).json()
    await post(
        HELPER,
        f"/v1/referrals/{asked['id']}/messages",
        envelope("regional_coordination.acknowledge"),
    )
    await acknowledge(world, CENTER)  # what the helper sent: that it may know
    named = await names_of(world, HELPER, helping, asked["id"])
    return {**named, "above": above}


async def names_of(
    world: World, who: str, accepted: Mapping[str, str], message: str
) -> dict[str, str]:
    """Something for every name in a path."""
    referral = accepted["referral_id"]
    added = await world.speaker.post(who, "/v1/webhooks", {"url": "https://93.184.215.14/p"})
    standing = await world.speaker.get(who, f"/v1/referrals/{referral}")
    ours = {"message_id": message, "case_id": standing.json()["case_id"]}
    entry, webhook = entry_of(accepted), added.json()["id"]
    none = dict.fromkeys(("notice_id", "disclosure_id", "act_id", "request_id"), referral)
    known = {"entry_id": entry, "agency_id": CENTER, "webhook_id": webhook}
    return {"referral_id": referral, **ours, **known, **none}


@pytest.mark.parametrize(
    ("who", "play", "others"),
    [
        (PRISON, as_the_prison, between_office_and_center),
        (HELPER, as_the_helper, above_the_helper),
    ],
)
async def test_what_others_do_changes_nothing_that_one_reads(
    who: str,
    play: Callable[[World], Awaitable[dict[str, str]]],
    others: Callable[[World, Mapping[str, str]], Awaitable[None]],
    world: World,
) -> None:
    named = await play(world)
    names = {name for name, _ in read_operations()}
    assert names <= {row.operation for row in ROWS}
    async with world.sealing():
        rehearsed = await rehearse_all(world, who, named)
        opened = await ask_all(world, who, OPENING, named)
    await world.seal()
    before = await ask_all(world, who, names - OPENING, named)
    assert before["read_referral", "decider"][0] == 200
    assert before["list_log_entries", "records_officer"][0] == 200
    async with world.sealing():
        await others(world, named)
    await world.seal()
    after = await ask_all(world, who, names - OPENING, named)
    assert [(key, before[key], after[key]) for key in before if before[key] != after[key]] == []
    async with world.sealing():
        again = await ask_all(world, who, OPENING, named)
        anew = await rehearse_all(world, who, named)
    assert [key for key in opened if opened[key] != again[key]] == []
    assert [(k, rehearsed[k], anew[k]) for k in anew if rehearsed[k] != anew[k]] == []
    assert {answer[0] for answer in anew.values()} >= {200, 403, 409}
