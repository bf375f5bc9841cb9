"""A bundle that was changed and signed anew by a key that it brings along: what it says of itself
still has to agree, and both verifiers say where it does not."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from app.adapters.keys.checkpoint_keys import CheckpointKeys
from app.adapters.keys.folder import KeyFolder
from app.domain.evidence.bundle import CHECKPOINT, ENTRIES, MANIFEST, RECEIPT_KEYS, SEAL
from app.domain.log.signed_note import Checkpoint, Note, sign_note
from app.domain.messages.digest import canonical, sha256
from tests.api.evidence.forging import Files, message_files, put, sign_anew
from tests.api.evidence.played import CENTER, PRISON, edit_bundle, files_of, json_of, verdict_of
from tests.support.jwk import with_high_s
from tests.support.service import Service

Edit = Callable[[dict[str, Any]], object]


def open_class(message: dict[str, Any]) -> Any:
    """An opened class in which there is a text."""
    return next(c for c in sorted(message["salts"]) if c != "C0")


def move_field(document: dict[str, Any]) -> None:
    names = document["fields"][open_class(document["message"])]
    document["fields"]["C0"].append(names.pop())


def say_otherwise(document: dict[str, Any]) -> None:
    name = document["fields"][open_class(document["message"])][0]
    document["message"]["body"][name] = "ほか"


MESSAGES: dict[str, tuple[str, Edit]] = {
    "another value": ("fields", say_otherwise),
    "another salt": ("fields", lambda h: h["message"]["salts"].update(C0="A" * 22)),
    "a salt too many": ("fields", lambda h: h["message"]["salts"].update(C9="A" * 22)),
    "a class too many": ("fields", lambda h: h["fields"].update(C9=[])),
    "a field of another class": ("fields", move_field),
    "a field too many": ("fields", lambda h: h["message"]["body"].update(more=1)),
    "a field too few": ("fields", lambda h: h["message"]["body"].pop(h["fields"]["C0"][0])),
    "another type in the body": ("fields", lambda h: h["message"]["body"].update(type="x.y")),
    "a class that is neither open nor withheld": (
        "fields",
        lambda h: h["message"]["digests"].update(C9="sha256:00"),
    ),
    "a class that is both": (
        "fields",
        lambda h: h["message"]["withheld"].append({"class": "C0", "reason": "erased"}),
    ),
    "another digest of a class": ("fields", lambda h: h["message"]["digests"].update(C0="x")),
    "another day": ("digest", lambda h: h["message"].update(occurred_on="2026-11-19")),
    "another moment": (
        "digest",
        lambda h: h["message"].update(created_at="2026-11-20T10:15:00.123+09:00"),
    ),
    "another law": ("digest", lambda h: h["message"].update(legal_basis="other")),
    "another seat": ("digest", lambda h: h["message"]["from"].update(seat_id="x.y")),
    "another agency": ("digest", lambda h: h["message"]["from"].update(agency_id="x")),
    "another id": ("message", lambda h: h["message"].update(id="x")),
    "another number": ("message", lambda h: h["message"].update(number=7)),
    "another digest": ("message", lambda h: h["message"].update(digest="sha256:00")),
    "no receipt but noise": ("receipt", lambda h: h["message"].update(receipt="x.y.z")),
    "no body": ("message", lambda h: h["message"].pop("body")),
}


@pytest.fixture(scope="module")
def data(bundles: dict[str, bytes]) -> bytes:
    """The bundle of the center, which sees most."""
    return bundles[CENTER]


def edit_and_sign(data: bytes, name: str, edit: Edit) -> bytes:
    """The bundle with a JSON file edited, and signed anew."""

    def change(files: Files) -> None:
        document = json.loads(files[name])
        edit(document)
        files[name] = canonical(document)
        sign_anew(files)

    return edit_bundle(data, change)


@pytest.mark.parametrize("what", MESSAGES)
def test_a_message_that_does_not_agree_with_itself_is_named(data: bytes, what: str) -> None:
    code, edit = MESSAGES[what]
    file = next(f for f in message_files(data) if len(json_of(data, f)["message"]["salts"]) > 1)
    assert verdict_of(edit_and_sign(data, file, edit)) == ("bad", code, file)


def test_a_withheld_class_is_part_of_what_was_sent(bundles: dict[str, bytes]) -> None:
    prisons = bundles[PRISON]
    file = next(f for f in message_files(prisons) if json_of(prisons, f)["message"]["withheld"])

    def other(document: dict[str, Any]) -> None:
        withheld = document["message"]["withheld"][0]["class"]
        document["message"]["digests"][withheld] = "sha256:" + "0" * 64

    def drop_withheld(document: dict[str, Any]) -> None:
        document["message"]["withheld"].pop()

    assert verdict_of(edit_and_sign(prisons, file, other)) == ("bad", "digest", file)
    assert verdict_of(edit_and_sign(prisons, file, drop_withheld)) == ("bad", "fields", file)


def respell(written: str) -> str:
    """The same bytes in base64 or base64url, in another spelling of the last character."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    text = written.rstrip("=")
    last = letters.index(text[-1]) ^ 1
    return text[:-1] + letters[last] + "=" * (len(written) - len(text))


def with_receipt(data: bytes) -> str:
    return next(f for f in message_files(data) if json_of(data, f)["message"]["receipt"])


@pytest.mark.parametrize("receipt", [0, False, ""])
def test_a_receipt_that_is_none_at_all_is_a_bad_receipt(data: bytes, receipt: Any) -> None:
    file = with_receipt(data)
    edit: Edit = lambda document: document["message"].update(receipt=receipt)  # noqa: E731
    assert verdict_of(edit_and_sign(data, file, edit)) == ("bad", "receipt", file)


def test_receipts_and_proofs_have_one_spelling(data: bytes) -> None:
    file = with_receipt(data)

    def receipt(document: dict[str, Any]) -> None:
        document["message"]["receipt"] = respell(document["message"]["receipt"])

    def path(document: dict[str, Any]) -> None:
        proof = next(entry["proof"] for entry in document["entries"] if entry["proof"])
        proof[0] = respell(proof[0])

    assert verdict_of(edit_and_sign(data, file, receipt)) == ("bad", "receipt", file)
    assert verdict_of(edit_and_sign(data, ENTRIES, path)) == ("bad", "proof", ENTRIES)


@pytest.mark.parametrize(
    "change",
    [{"kid": "x"}, {"kid": None}, {"x": "A" * 42 + "B"}],
    ids=["another id", "no id", "another spelling"],
)
def test_a_key_under_another_name_is_none(data: bytes, change: dict[str, Any]) -> None:
    edit: Edit = lambda document: document["keys"][0].update(change)  # noqa: E731
    assert verdict_of(edit_and_sign(data, RECEIPT_KEYS, edit)) == ("bad", "keys", RECEIPT_KEYS)


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        (b'"iat":0', b'"iat":0,"iat":1', ("bad", "seal", SEAL)),
        (b'"iat":0', b'"iat":1.5', ("bad", "seal", SEAL)),
        (b'"iat":0', b'"more":0', ("bad", "manifest", MANIFEST)),
    ],
    ids=["twice", "a fraction", "no time"],
)
def test_what_is_signed_can_be_read_in_one_way(
    data: bytes, old: bytes, new: bytes, verdict: tuple[str, str, str]
) -> None:
    def change(files: Files) -> None:
        sign_anew(files, lambda claims: claims.replace(old, new))

    assert verdict_of(edit_bundle(data, change)) == verdict


@pytest.mark.parametrize(
    "line", ["— x AAAA", "— x+y " + "A" * 92, "— x\u00a0y " + "A" * 92, "- x A"]
)
def test_a_line_under_the_checkpoint_that_is_no_signature_spoils_it(data: bytes, line: str) -> None:
    def change(files: Files) -> None:
        files[CHECKPOINT] += f"{line}\n".encode()
        sign_anew(files)

    assert verdict_of(edit_bundle(data, change)) == ("bad", "checkpoint", CHECKPOINT)


def test_members_that_are_not_described_are_ignored(data: bytes) -> None:
    file = message_files(data)[0]
    more = edit_and_sign(data, file, lambda document: document.update(more=1))
    assert verdict_of(more, pinned=True) == ("verified", None, None)


def test_the_receipt_of_another_message_is_none(data: bytes) -> None:
    own = [f for f in message_files(data) if json_of(data, f)["message"]["receipt"]]
    other = json_of(data, own[1])["message"]["receipt"]
    edit: Edit = lambda document: document["message"].update(receipt=other)  # noqa: E731
    assert verdict_of(edit_and_sign(data, own[0], edit)) == ("bad", "receipt", own[0])


def first(document: dict[str, Any]) -> Any:
    return document["entries"][0]


ENTRY: dict[str, tuple[str, Edit]] = {
    "another place": ("proof", lambda h: first(h).update(index=first(h)["index"] - 1)),
    "another path": ("proof", lambda h: first(h)["proof"].pop()),
    "another time": ("proof", lambda h: first(h)["entry"].update(at="2026-01-01T00:00:00+00:00")),
    "another case": ("entry", lambda h: first(h)["entry"].update(case_id="x")),
    "others alone": ("entry", lambda h: first(h)["entry"].update(agencies=["x"])),
    "out of order": ("entry", lambda h: h["entries"].reverse()),
    "twice": ("entry", lambda h: h["entries"].insert(0, first(h))),
    "beyond the end": ("entry", lambda h: h["entries"][-1].update(index=10**9)),
    "no entries": ("entry", lambda h: h.pop("entries")),
}


@pytest.mark.parametrize("what", ENTRY)
def test_an_entry_that_is_not_in_the_log_is_found(data: bytes, what: str) -> None:
    code, edit = ENTRY[what]
    assert verdict_of(edit_and_sign(data, ENTRIES, edit)) == ("bad", code, ENTRIES)


def test_a_message_of_which_the_log_says_nothing_is_named_and_a_promise_is_no_proof(
    data: bytes,
) -> None:
    row = json_of(data)["messages"][2]

    def drop_entry(document: dict[str, Any]) -> None:
        document["entries"] = [
            e for e in document["entries"] if e["entry"]["message_id"] != row["id"]
        ]

    def add_promise(document: dict[str, Any]) -> None:
        drop_entry(document)
        document["pending"] = [{"message_id": row["id"], "sealed_by": "2026-11-20T10:15:00+09:00"}]

    assert verdict_of(edit_and_sign(data, ENTRIES, drop_entry)) == ("bad", "unlogged", row["file"])
    promised = edit_and_sign(data, ENTRIES, add_promise)
    assert verdict_of(promised, pinned=True) == ("incomplete", None, None)


def test_a_message_written_anew_with_all_its_digests_is_not_the_one_that_was_logged(
    data: bytes,
) -> None:
    file = next(f for f in message_files(data) if len(json_of(data, f)["message"]["salts"]) > 1)

    def change(files: Files) -> None:
        document = json.loads(files[file])
        say_otherwise(document)
        message, data_class = document["message"], open_class(document["message"])
        fields = {name: message["body"][name] for name in document["fields"][data_class]}
        salted = {"fields": fields, "salt": message["salts"][data_class]}
        message["digests"][data_class] = sha256(canonical(salted))
        sender = {name: message["from"][name] for name in ("agency_id", "seat_id")}
        named_alike = ("id", "referral_id", "type", "occurred_on", "legal_basis")
        envelope = {name: message[name] for name in named_alike}
        envelope |= {"from": sender, "accepted_at": message["created_at"]}
        message["digest"] = sha256(canonical({**envelope, "segments": message["digests"]}))
        message["receipt"] = None
        files[file] = canonical(document)
        manifest = json.loads(files[MANIFEST])
        (row,) = [row for row in manifest["messages"] if row["file"] == file]
        row["digest"] = message["digest"]
        files[MANIFEST] = canonical(manifest)
        sign_anew(files)

    assert verdict_of(edit_bundle(data, change)) == ("bad", "unlogged", file)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'{"agency_id":', b'{"agency_id":"x","agency_id":'), (b'"left_out":0', b'"left_out":0.0')],
)
def test_json_that_can_be_read_in_two_ways_is_refused(data: bytes, old: bytes, new: bytes) -> None:
    manifest = files_of(data)[MANIFEST]
    assert old in manifest
    twice = edit_bundle(data, put({MANIFEST: manifest.replace(old, new, 1)}))
    assert verdict_of(twice) == ("bad", "format", MANIFEST)


def test_a_signature_has_one_spelling(data: bytes) -> None:
    token = files_of(data)[SEAL].decode()
    signature = token.rpartition(".")[2]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    same = [
        signature[:-1] + letter
        for letter in letters
        if base64.urlsafe_b64decode(signature[:-1] + letter + "==")
        == base64.urlsafe_b64decode(signature + "==")
    ]
    assert len(same) == 16
    for other in set(same) - {signature}:
        spelled = token.replace(signature, other).encode()
        assert verdict_of(edit_bundle(data, put({SEAL: spelled}))) == ("bad", "seal", SEAL)


def test_of_the_two_signatures_of_one_manifest_one_is_taken(data: bytes) -> None:
    other = with_high_s(files_of(data)[SEAL].decode())
    assert verdict_of(edit_bundle(data, put({SEAL: other.encode()}))) == ("bad", "seal", SEAL)


def test_a_receipt_has_one_form(data: bytes) -> None:
    own = [file for file in message_files(data) if json_of(data, file)["message"]["receipt"]]

    def edit(document: Any) -> None:
        document["message"]["receipt"] = with_high_s(document["message"]["receipt"])

    assert verdict_of(edit_and_sign(data, own[0], edit)) == ("bad", "receipt", own[0])


def test_the_signature_of_a_checkpoint_has_one_form(data: bytes) -> None:
    order = 2**252 + 27742317777372353535851937790883648493  # of Ed25519

    def edit(files: Files) -> None:
        text, _, encoded = files[CHECKPOINT].decode().rstrip("\n").rpartition(" ")
        signed = base64.b64decode(encoded)
        s = int.from_bytes(signed[-32:], "little") + order
        again = base64.b64encode(signed[:-32] + s.to_bytes(32, "little")).decode()
        files[CHECKPOINT] = f"{text} {again}\n".encode()
        sign_anew(files)

    assert verdict_of(edit_bundle(data, edit)) == ("bad", "checkpoint", CHECKPOINT)


def test_a_key_set_names_each_key_once(data: bytes) -> None:
    def edit(document: Any) -> None:
        document["keys"].append(document["keys"][0])

    assert verdict_of(edit_and_sign(data, RECEIPT_KEYS, edit)) == ("bad", "keys", RECEIPT_KEYS)


def test_the_checkpoint_of_another_log_says_nothing_of_this_one(
    data: bytes, service: Service
) -> None:
    keys = CheckpointKeys(KeyFolder(service.settings.data_dir / "keys"), service.settings.log_name)
    own = Checkpoint.parse(Note.parse(files_of(data)[CHECKPOINT].decode()).text)
    other = Checkpoint("another.test/log", own.size, own.root)
    note = str(sign_note(other.text, keys.signers(service.clock())))
    assert verdict_of(data, checkpoint=note) == ("bad", "earlier", None)
