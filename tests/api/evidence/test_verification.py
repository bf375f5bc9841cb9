"""Whatever is done to a bundle: both verifiers refuse it, and name the same first bad thing."""

import json
from base64 import b64encode
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.adapters.keys.checkpoint_keys import CheckpointKeys
from app.adapters.keys.folder import KeyFolder
from app.cli.evidence.opened import Trust
from app.domain.evidence.bundle import (
    CHECKPOINT,
    CONSISTENCY,
    ENTRIES,
    LOG_KEYS,
    MANIFEST,
    RECEIPT_KEYS,
    SEAL,
)
from app.domain.log.signed_note import Checkpoint, Note, sign_note
from tests.api.evidence.forging import (
    Files,
    drop_file,
    drop_message,
    flip_bit,
    forget,
    message_files,
    put,
    rebuild_manifest,
    sign_anew,
)
from tests.api.evidence.played import (
    CENTER,
    OTHER,
    PARTIES,
    STRANGER,
    Case,
    edit_bundle,
    fetch,
    files_of,
    findings_of,
    json_of,
    own_keys,
    verdict_of,
)
from tests.support.evidence import Sealing
from tests.support.service import Service


@pytest.fixture(scope="module")
def data(bundles: dict[str, bytes]) -> bytes:
    """The bundle of the center, which sees most."""
    return bundles[CENTER]


@pytest.mark.parametrize("agency", PARTIES)
def test_one_byte_changed_in_any_file_is_found_and_the_file_named(
    bundles: dict[str, bytes], agency: str
) -> None:
    for name, content in files_of(bundles[agency]).items():
        for at in (0, len(content) // 2, len(content) - 1):
            other = {name: flip_bit(content, at)}
            verdict, _, file = verdict_of(edit_bundle(bundles[agency], put(other)))
            assert (verdict, file) == ("bad", name), (name, at)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(share=st.floats(0, 1, exclude_max=True), to=st.integers(1, 255))
def test_one_byte_changed_anywhere_in_the_zip_is_found(data: bytes, share: float, to: int) -> None:
    at = int(share * len(data))
    changed = data[:at] + bytes([data[at] ^ to]) + data[at + 1 :]
    assert verdict_of(changed)[0] == "bad"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(share=st.floats(0, 1, exclude_max=True), to=st.integers(1, 255), which=st.randoms())
def test_one_byte_changed_in_a_file_is_found_where_it_is(
    data: bytes, share: float, to: int, which: Any
) -> None:
    name = which.choice(sorted(files_of(data)))

    def change(files: Files) -> None:
        at = int(share * len(files[name]))
        files[name] = files[name][:at] + bytes([files[name][at] ^ to]) + files[name][at + 1 :]

    verdict, _, file = verdict_of(edit_bundle(data, change))
    assert (verdict, file) == ("bad", name)


def test_a_message_that_is_left_out_is_named(data: bytes) -> None:
    for file in message_files(data):
        assert verdict_of(edit_bundle(data, drop_file(file))) == ("bad", "missing", file)


def test_a_message_left_out_of_the_manifest_too_is_found_by_signature_and_number(
    data: bytes,
) -> None:
    file = message_files(data)[2]
    changed = edit_bundle(data, drop_message(file))
    assert verdict_of(changed) == ("bad", "manifest", MANIFEST)
    besides = findings_of(changed).problems[1]
    assert (besides.code, besides.file) == ("order", file)


def test_two_messages_that_change_places_are_named(data: bytes) -> None:
    first, second = message_files(data)[1:3]

    def swap(files: Files) -> None:
        files[first], files[second] = files[second], files[first]

    assert verdict_of(edit_bundle(data, swap)) == ("bad", "changed", first)

    def swap_in_manifest(files: Files) -> None:
        swap(files)
        rebuild_manifest(files)

    changed = edit_bundle(data, swap_in_manifest)
    assert verdict_of(changed) == ("bad", "manifest", MANIFEST)
    assert (findings_of(changed).problems[1].code, findings_of(changed).problems[1].file) == (
        "message",
        first,
    )


def test_a_message_that_was_added_is_named(data: bytes) -> None:
    last = message_files(data)[-1]
    more = last.replace(last[-9:-5], "0999")
    assert verdict_of(edit_bundle(data, put({more: files_of(data)[last]}))) == (
        "bad",
        "unknown",
        more,
    )

    def add(files: Files) -> None:
        files[more] = files[last]
        row = {**json.loads(files[MANIFEST])["messages"][-1], "file": more, "number": 999}
        rebuild_manifest(files, lambda manifest: manifest["messages"].append(row))

    assert verdict_of(edit_bundle(data, add)) == ("bad", "manifest", MANIFEST)


def test_the_last_messages_cut_off_consistently_are_found_by_the_signature(data: bytes) -> None:
    changed = edit_bundle(data, drop_message(message_files(data)[-1]))
    assert verdict_of(changed) == ("bad", "manifest", MANIFEST)
    assert len(findings_of(changed).problems) == 1  # all else agrees: only the signature tells


def test_cut_off_messages_of_which_the_log_still_tells_are_named(data: bytes) -> None:
    row = json_of(data)["messages"][-1]

    def cut(files: Files) -> None:
        del files[row["file"]]
        rebuild_manifest(files, partial(forget, row))

    besides = findings_of(edit_bundle(data, cut)).problems[1]
    assert (besides.code, besides.at) == ("unshown", row["id"])


async def test_an_older_checkpoint_of_the_same_log_does_not_fit(
    service: Service, played_case: Case, sealing: Sealing, data: bytes
) -> None:
    async with sealing():
        later = (await fetch(service, CENTER, played_case.id)).content
    older = files_of(data)[CHECKPOINT]

    def roll_back(files: Files) -> None:
        files[CHECKPOINT] = older

    assert verdict_of(edit_bundle(later, roll_back)) == ("bad", "changed", CHECKPOINT)

    def roll_back_consistently(files: Files) -> None:
        roll_back(files)
        log = json_of(data)["log"]
        rebuild_manifest(files, lambda manifest: manifest.update(log=log))

    changed = edit_bundle(later, roll_back_consistently)
    assert verdict_of(changed) == ("bad", "manifest", MANIFEST)
    assert findings_of(changed).problems[1].file == ENTRIES


async def test_the_log_is_shown_to_have_only_grown_or_the_verdict_says_that_it_is_not(
    service: Service, played_case: Case, sealing: Sealing, data: bytes
) -> None:
    old = files_of(data)[CHECKPOINT].decode()
    size = json_of(data)["log"]["size"]
    async with sealing():
        proved = (await fetch(service, CENTER, played_case.id, since=size)).content
        unproved = (await fetch(service, CENTER, played_case.id)).content
        too_long = await fetch(service, CENTER, played_case.id, since=10**9)
    assert verdict_of(proved, checkpoint=old, pinned=True) == ("verified", None, None)
    assert verdict_of(proved, pinned=True) == ("verified", None, None)
    assert verdict_of(data, checkpoint=old, pinned=True) == ("verified", None, None)
    assert verdict_of(unproved, checkpoint=old, pinned=True) == ("incomplete", None, None)
    assert "no_consistency_proof" in findings_of(unproved, checkpoint=old).warnings
    assert too_long.status_code == 422
    now = files_of(unproved)[CHECKPOINT].decode()
    assert verdict_of(data, checkpoint=now) == ("bad", "rolled_back", ENTRIES)
    assert verdict_of(data, checkpoint="nothing")[:2] == ("bad", "earlier")
    folder = KeyFolder(service.settings.data_dir / "keys")
    keys = CheckpointKeys(folder, service.settings.log_name)
    point = Checkpoint.parse(Note.parse(old).text)
    fork = Checkpoint(point.origin, size, b"\x01" * 32)
    note = str(sign_note(fork.text, keys.signers(service.clock())))
    assert verdict_of(proved, checkpoint=note) == ("bad", "rolled_back", CONSISTENCY)
    assert verdict_of(data, checkpoint=note) == ("bad", "rolled_back", ENTRIES)
    assert findings_of(proved, bundle=data, trust=own_keys(data)).verdict == "verified"


def test_an_earlier_bundle_of_which_a_message_is_gone_shows_what_was_lost(
    data: bytes, bundles: dict[str, bytes]
) -> None:
    file = message_files(data)[-1]
    shorter = edit_bundle(edit_bundle(data, drop_message(file)), sign_anew)
    assert verdict_of(shorter) == ("incomplete", None, None)  # signed by a key that it brings along
    (problem,) = findings_of(shorter, bundle=data).problems
    assert (problem.code, problem.file) == ("shrunk", file)
    (problem,) = findings_of(data, bundle=bundles[OTHER]).problems
    assert (problem.code, problem.at) == ("earlier", "agency_id")
    (problem,) = findings_of(data, bundle=flip_bit(data, 3000)).problems
    assert problem.code == "earlier"


def test_keys_from_elsewhere_unmask_a_bundle_that_was_signed_anew(data: bytes) -> None:
    files, trust = files_of(data), own_keys(data)
    assert findings_of(data, trust=trust).as_json()["warnings"] == []
    forged = edit_bundle(edit_bundle(data, drop_message(message_files(data)[-1])), sign_anew)
    (problem,) = findings_of(forged, trust=trust).problems
    assert (problem.code, problem.file) == ("untrusted", RECEIPT_KEYS)
    theirs = STRANGER.Check(forged, keys=STRANGER.receipt_keys(files[RECEIPT_KEYS]))
    assert theirs.problems[0] == {"code": "untrusted", "file": RECEIPT_KEYS}


def test_no_bundle_is_verified_by_the_keys_that_it_brings(data: bytes) -> None:
    """Made whole with a forger's keys, for the log too, it is as good as any: so none is."""
    trust = own_keys(data)
    assert verdict_of(data) == ("incomplete", None, None)
    for half in (Trust(trust.receipt_keys), Trust(None, trust.log_keys)):
        findings = findings_of(data, trust=half)
        assert (findings.verdict, findings.warnings) == ("incomplete", ["keys_not_pinned"])
    strangers = STRANGER.Check(data, keys=STRANGER.receipt_keys(files_of(data)[RECEIPT_KEYS]))
    assert (strangers.problems, strangers.lacking) == ([], ["keys_not_pinned"])


def test_a_checkpoint_signed_with_another_key_is_not_believed(
    data: bytes, tmp_path_factory: pytest.TempPathFactory, service: Service
) -> None:
    folder = KeyFolder(tmp_path_factory.mktemp("forger"))
    folder.prepare_log(service.clock())
    keys = CheckpointKeys(folder, service.settings.log_name)
    now = service.clock() + timedelta(days=1)
    genuine = Checkpoint.parse(Note.parse(files_of(data)[CHECKPOINT].decode()).text)
    point = Checkpoint(genuine.origin, genuine.size, b"\x02" * 32)
    note = str(sign_note(point.text, keys.signers(now))).encode()

    def forge(files: Files) -> None:
        files[CHECKPOINT] = note
        log = {**json.loads(files[MANIFEST])["log"], "root": b64encode(point.root).decode()}
        rebuild_manifest(files, lambda manifest: manifest.update(log=log))

    assert verdict_of(edit_bundle(data, put({CHECKPOINT: note})))[1:] == (
        "changed",
        CHECKPOINT,
    )
    changed = edit_bundle(data, forge)
    assert verdict_of(changed) == ("bad", "manifest", MANIFEST)
    assert findings_of(changed).problems[1].code == "checkpoint"

    def with_key(files: Files) -> None:
        files[LOG_KEYS] = "".join(f"{key}\n" for key in keys.public_keys()).encode()
        forge(files)
        sign_anew(files)

    assert verdict_of(edit_bundle(data, with_key)) == ("bad", "proof", ENTRIES)


@settings(max_examples=60, deadline=None)
@given(noise=st.binary(max_size=200))
def test_what_is_no_zip_is_refused(noise: bytes) -> None:
    assert verdict_of(noise)[0] == "bad"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b'{"format":1}',
        b'{"format":"tsunagu-bundle/2"}',
        b"[" * 10_000,
        b"\xff",
    ],
)
def test_a_manifest_of_another_kind_is_refused(data: bytes, content: bytes) -> None:
    changed = edit_bundle(data, put({MANIFEST: content}))
    assert verdict_of(changed) == ("bad", "format", MANIFEST)


@pytest.mark.parametrize("name", [RECEIPT_KEYS, LOG_KEYS, CHECKPOINT, ENTRIES, SEAL, MANIFEST])
def test_a_file_that_every_bundle_has_may_not_be_missing(data: bytes, name: str) -> None:
    assert verdict_of(edit_bundle(data, drop_file(name))) == ("bad", "missing", name)
