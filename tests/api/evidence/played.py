"""A case that several agencies see differently, their bundles, and both verifiers."""

import importlib.util
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

from httpx import Response

from app.cli.evidence.findings import Findings
from app.cli.evidence.opened import Trust, keys_of, log_keys_of
from app.cli.evidence.verification import Baseline, verify
from app.domain.evidence.bundle import LOG_KEYS, MANIFEST, RECEIPT_KEYS, pack
from app.domain.flows import BODIES
from app.domain.messages.payloads.samples import CONSENT_ID, CONSENT_REGIONAL_ID
from tests.support.service import Service

PRISON, OFFICE, CENTER, OTHER = "prison-fuchu", "probation-13", "center-13", "center-27"
PARTIES = (PRISON, OFFICE, CENTER, OTHER)
SAID_ON = "2026-11-20"
STANDALONE = Path(__file__).parents[3] / "docs" / "verify_bundle.py"

Change = Callable[[dict[str, bytes]], object]


@dataclass(frozen=True)
class Case:
    """A special adjustment, its regional coordination, and a message shared with that."""

    id: str
    parent: str
    child: str
    shared: str


async def say(service: Service, agency: str, event: str, **changed: Any) -> dict[str, Any]:
    """Send the example of a type from an agency's decider; `within` names the referral."""
    within = changed.pop("within", None)
    edit: Mapping[str, Any] = changed.pop("body", {})
    message = {
        "id": str(uuid4()),
        "occurred_on": SAID_ON,
        **changed,
        "body": {**BODIES[event].EXAMPLE, **edit},
    }
    path = f"/v1/referrals/{within}/messages" if within else "/v1/referrals"
    async with service.client(await service.token(agency)) as client:
        answer = await client.post(path, json=message)
    assert answer.status_code == 201, answer.text
    acceptance: dict[str, Any] = answer.json()
    return acceptance


async def play(service: Service, shared: bool = True) -> Case:
    """A prison tells an office of somebody; the center in Tokyo asks the one in Osaka to help.

    With `shared` false it ends before that, and Osaka hears nothing.
    """
    consent, regional = str(uuid4()), str(uuid4())
    own_ids = {CONSENT_ID: consent, CONSENT_REGIONAL_ID: regional}

    def body(event: str, **edit: Any) -> Any:
        text = json.dumps({**BODIES[event].EXAMPLE, **edit})
        for example, own in own_ids.items():
            text = text.replace(example, own)
        return json.loads(text)

    async def step(agency: str, event: str, within: str, **changed: Any) -> str:
        edit = changed.pop("edit", {})
        acceptance = await say(
            service, agency, event, within=within, body=body(event, **edit), **changed
        )
        return str(acceptance["message_id"])

    to = {"probation_office": OFFICE}
    notice = await say(service, PRISON, "special_adjustment.notify_candidate", to=to)
    parent = notice["referral_id"]
    for event in ("start_selection", "record_consent", "select_special"):
        await step(OFFICE, f"special_adjustment.{event}", parent)
    request = await step(OFFICE, "special_adjustment.request_cooperation", parent)
    await step(CENTER, "special_adjustment.accept", parent)
    await step(CENTER, "special_adjustment.interview", parent)
    await step(
        OFFICE,
        "special_adjustment.record_consent",
        parent,
        edit={"consent_id": regional, "purpose": "regional"},
    )
    if not shared:
        return Case(await case_of(service, parent), parent, parent, request)
    coordination = await say(
        service,
        CENTER,
        "regional_coordination.request",
        parent=parent,
        to={"destination_center": OTHER},
        body=body("regional_coordination.request"),
    )
    child = coordination["referral_id"]
    await step(OTHER, "regional_coordination.acknowledge", child)
    await step(OTHER, "regional_coordination.accept", child)
    await step(CENTER, "regional_coordination.offer_transfer", child, shared_messages=[request])
    return Case(await case_of(service, parent), parent, child, request)


async def case_of(service: Service, referral: str, agency: str = CENTER) -> str:
    """The case of a referral, as one of its parties reads it."""
    async with service.client(await service.token(agency)) as client:
        return str((await client.get(f"/v1/referrals/{referral}")).json()["case_id"])


async def fetch(
    service: Service, agency: str, case: str, role: str = "decider", **query: Any
) -> Response:
    """The answer to a request for a bundle."""
    async with service.client(await service.token(agency, role)) as client:
        return await client.get(f"/v1/cases/{case}/bundle", params=query)


def files_of(data: bytes) -> dict[str, bytes]:
    """The files of a bundle, read as anybody would."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def json_of(data: bytes, name: str = MANIFEST) -> Any:
    """What a file of a bundle holds; the manifest, if no other is named."""
    return json.loads(files_of(data)[name])


def edit_bundle(data: bytes, change: Change) -> bytes:
    """The bundle with its files changed, in the form in which bundles are made."""
    files = files_of(data)
    change(files)
    return pack(files)


def _load_verifier() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_bundle", STANDALONE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


STRANGER = _load_verifier()


def own_keys(data: bytes) -> Trust:
    """The keys in this bundle, as somebody has them from elsewhere."""
    files = files_of(data)
    log_keys = log_keys_of(files[LOG_KEYS].decode().splitlines(), None)
    return Trust(keys_of(json.loads(files[RECEIPT_KEYS]), None), log_keys)


def verdict_of(
    data: bytes, pinned: bool = False, **given: Any
) -> tuple[str, str | None, str | None]:
    """The verdict, and the first bad thing by code and file, on which both verifiers agree.

    With `pinned`, the keys in the bundle are also given as those known from elsewhere.
    """
    trust, strangers = Trust(), {}
    if pinned:
        files, trust = files_of(data), own_keys(data)
        strangers["keys"] = STRANGER.receipt_keys(files[RECEIPT_KEYS])
        strangers["log_key"] = STRANGER.log_keys(files[LOG_KEYS])
    ours = verify(data, Baseline(trust, **given)).as_json()
    theirs = STRANGER.Check(data, old_note=given.get("checkpoint"), **strangers)
    first = {name: (ours["problem"] or {}).get(name) for name in ("code", "file")}
    assert first == (theirs.problems or [{"code": None, "file": None}])[0]
    verdict = "bad" if theirs.problems else "incomplete" if theirs.lacking else "verified"
    assert ours["verdict"] == verdict
    return verdict, first["code"], first["file"]


def findings_of(data: bytes, **given: Any) -> Findings:
    """Everything that our verifier has seen."""
    return verify(data, Baseline(**given))
