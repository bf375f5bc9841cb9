"""What others say to each other behind one's back changes nothing that one can read.

Every operation that reads is asked twice, by every role of a prison that is a party of a case:
before and after its probation office and the center asked each other, opened, acknowledged, took
back, proposed and exported. A new operation is asked too, without anybody remembering to add it.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from httpx import Response

from tests.matrix.agreed import ROWS
from tests.matrix.conftest import World
from tests.matrix.places import QUERIES
from tests.matrix.played import entry_of, envelope, hold
from tests.matrix.speaker import bearer
from tests.matrix.test_matrix import CONTRACT
from tests.matrix.tokens import caller

PRISON, OFFICE, CENTER = "prison-fuchu", "probation-13", "center-13"
ROLES = ("decider", "viewer", "records_officer", "auditor")
OF_THE_WHOLE_LOG = {"read_checkpoint", "list_leaves", "prove_inclusion", "prove_consistency"}
"""How much happens in all of the service, whoever takes part in it, is for `log:read` to see."""
OPENING = {"read_message", "print_message", "read_bundle", "print_disclosures"}
"""To read these is written down, and so changes what oneself reads of the log."""

Asked = dict[tuple[str, str], Any]


def reading() -> Iterator[tuple[str, str]]:
    """Every operation that reads what is not the same for everybody: id and path."""
    for path, methods in CONTRACT["paths"].items():
        operation = methods.get("get", {})
        if operation.get("security") and operation["operationId"] not in OF_THE_WHOLE_LOG:
            yield operation["operationId"], path


async def all_that(world: World, names: set[str], named: Mapping[str, str]) -> Asked:
    """What the prison is answered by these operations, in every role."""
    found: Asked = {}
    for role in ROLES:
        headers = bearer(world.mints.good(caller(PRISON, role)))
        for name, path in reading():
            if name not in names:
                continue
            query = dict(QUERIES[name](named)) if name in QUERIES else {}
            answer = await world.http.get(path.format_map(named), params=query, headers=headers)
            found[name, role] = shown(answer)
    return found


def shown(answer: Response) -> Any:
    """An answer, without what is another at every call."""
    kind = answer.headers["content-type"]
    if kind == "application/zip":
        return answer.status_code, sorted(_told(answer.content))
    if kind == "application/pdf":
        return answer.status_code, kind
    headers = {n: v for n, v in answer.headers.items() if n not in {"x-request-id", "date"}}
    return answer.status_code, headers, re.sub(r"\d{2}:\d{2}:\d{2}\.\d+", "", answer.text)


def _told(content: bytes) -> Iterator[tuple[str, str]]:
    """What a bundle tells of the case; the state of the log in it is another each time."""
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        for name in bundle.namelist():
            if name.startswith(("messages/", "referrals", "receipts/")):
                yield name, bundle.read(name).decode()


async def acknowledge(world: World, agency: str) -> None:
    """Acknowledge all that an agency has."""
    head = (await world.speaker.get(agency, "/v1/inbox/status")).json()["head"]
    await world.speaker.post(agency, "/v1/inbox/acknowledgements", {"through": head})


async def behind_its_back(world: World, referral: str, case: str) -> None:
    """What office and center do that the prison is not told."""
    post, within = world.speaker.post, f"/v1/referrals/{referral}/messages"
    query = envelope("special_adjustment.query")
    await post(CENTER, within, query)
    await post(OFFICE, "/v1/messages/read", {"ids": [query["id"]]})
    await acknowledge(world, OFFICE)
    await post(OFFICE, within, envelope("special_adjustment.answer_query"))
    again = envelope("special_adjustment.query")
    await post(CENTER, within, again)
    await post(CENTER, f"{within}/{again['id']}/recall", {"reason": "wrong_content"})
    await post(OFFICE, f"{within}?dry_run=true", envelope("special_adjustment.answer_query"))
    await post(CENTER, "/v1/acts", hold(referral), "records_officer")
    for path in ("disclosures", "consents", "bundle", "disclosures/sheet"):
        await world.speaker.get(CENTER, f"/v1/cases/{case}/{path}")


async def test_what_others_do_changes_nothing_that_one_reads(world: World) -> None:
    post, get = world.speaker.post, world.speaker.get
    webhook = (await post(PRISON, "/v1/webhooks", {"url": "https://93.184.215.14/p"})).json()["id"]
    opening = envelope("special_adjustment.notify_candidate", to={"probation_office": OFFICE})
    accepted = (await post(PRISON, "/v1/referrals", opening)).json()
    referral = accepted["referral_id"]
    within = f"/v1/referrals/{referral}/messages"
    for event in ("start_selection", "record_consent", "select_special"):
        await post(OFFICE, within, envelope(f"special_adjustment.{event}"))
    request = envelope("special_adjustment.request_cooperation", to={"center": CENTER})
    await post(OFFICE, within, request)
    await acknowledge(world, OFFICE)  # what the prison sent: that it may know
    case = (await get(PRISON, f"/v1/referrals/{referral}")).json()["case_id"]
    named = {
        "referral_id": referral,
        "message_id": request["id"],
        "case_id": case,
        "webhook_id": webhook,
        "notice_id": webhook,
        "entry_id": entry_of(accepted),
        "agency_id": CENTER,
        "disclosure_id": referral,
        "act_id": referral,
    }
    known, names = {row.operation for row in ROWS}, {name for name, _ in reading()}
    assert names <= known
    async with world.sealing():
        opened = await all_that(world, OPENING, named)
    await world.seal()
    before = await all_that(world, names - OPENING, named)
    assert before["read_referral", "decider"][0] == 200
    assert before["list_log_entries", "records_officer"][0] == 200
    async with world.sealing():
        await behind_its_back(world, referral, case)
    await world.seal()
    after = await all_that(world, names - OPENING, named)
    assert {key: (before[key], after[key]) for key in before if before[key] != after[key]} == {}
    async with world.sealing():
        again = await all_that(world, OPENING, named)
    assert [key for key in opened if opened[key] != again[key]] == []
    for name in ("query", "answer_query"):
        assert f"special_adjustment.{name}" not in json.dumps([*map(str, after.values())])
