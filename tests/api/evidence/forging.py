"""Changing a bundle as its holder can, and as somebody could who signs it anew."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.auth.jwt import signing_key
from app.domain.evidence.bundle import ENTRIES, MANIFEST, RECEIPT_KEYS, SEAL, SEAL_TYP
from app.domain.messages.digest import canonical, sha256
from tests.api.evidence.played import json_of

Files = dict[str, bytes]
ManifestEdit = Callable[[dict[str, Any]], None]


def flip_bit(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def rebuild_manifest(files: Files, change: ManifestEdit = lambda _: None) -> None:
    """Make the manifest agree with the files, as somebody without the signing key can."""
    manifest = json.loads(files[MANIFEST])
    change(manifest)
    names = sorted(files.keys() - {MANIFEST, SEAL})
    manifest["files"] = {name: sha256(files[name]) for name in names}
    files[MANIFEST] = canonical(manifest)


def put(files: Files) -> Callable[[Files], object]:
    """Put these files in place of the bundle's."""
    return lambda content: content.update(files)


def drop_file(file: str) -> Callable[[Files], object]:
    """Leave a file out, and nothing else."""
    return lambda content: content.pop(file)


def message_files(data: bytes) -> list[str]:
    """The files of the messages, in order."""
    return [row["file"] for row in json_of(data)["messages"]]


def drop_message(file: str) -> Callable[[Files], None]:
    """Leave a message out so that all but the signature agrees: row, file and log entries."""

    def change(files: Files) -> None:
        (row,) = [r for r in json.loads(files[MANIFEST])["messages"] if r["file"] == file]
        del files[file]
        log = json.loads(files[ENTRIES])
        log["entries"] = [e for e in log["entries"] if e["entry"]["message_id"] != row["id"]]
        files[ENTRIES] = canonical(log)
        rebuild_manifest(files, partial(forget, row))

    return change


def forget(row: Any, manifest: Any) -> None:
    """Take a message out of a manifest, and out of what it says that it holds."""
    manifest["messages"].remove(row)
    referral = row["referral_id"]
    for part in manifest["parts"]:
        part["through"] -= part["referral_id"] == referral
    manifest["parts"] = [p for p in manifest["parts"] if p["from"] <= p["through"]]
    manifest["counts"][referral] -= 1


def sign_anew(files: Files, edit_claims: Callable[[bytes], bytes] = lambda claims: claims) -> None:
    """Sign the manifest with a key of one's own, put beside the service's. `edit_claims`
    changes what is signed."""
    private = ec.generate_private_key(ec.SECP256R1())
    key = signing_key(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    jwks = json.loads(files[RECEIPT_KEYS])
    jwks["keys"].append(key.verifying.jwk())
    files[RECEIPT_KEYS] = canonical(jwks)
    rebuild_manifest(files)
    manifest = json.loads(files[MANIFEST])
    claims = {name: manifest[name] for name in ("format", "case_id", "agency_id")}
    claims |= {"iss": manifest["issuer"], "iat": 0, "manifest": sha256(files[MANIFEST])}
    files[SEAL] = key.sign(edit_claims(canonical(claims)), SEAL_TYP).encode()
