"""The files of an evidence bundle, in the form of docs/en/evidence.md."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.adapters.evidence.collecting import LogProofs, OpenedCase
from app.adapters.referrals.reading import Opened
from app.api.referrals import views
from app.api.wire.views import moment
from app.auth.jwt import with_low_s
from app.domain.access.caller import Caller
from app.domain.evidence.bundle import (
    CHECKPOINT,
    CONSISTENCY,
    COVER,
    ENTRIES,
    FORMAT,
    LOG_KEYS,
    MANIFEST,
    RECEIPT_KEYS,
    SEAL,
    message_file,
)
from app.domain.flows import BODIES
from app.domain.log.signed_note import VerifierKey
from app.domain.messages.digest import canonical, sha256

Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class SealWithin:
    """The time within which the entry of an accepted message must be in the log."""

    span: timedelta


@dataclass(frozen=True, slots=True)
class Maker:
    """The caller, issuer, time and keys of a bundle."""

    caller: Caller
    issuer: str
    made_at: datetime
    receipt_keys: Mapping[str, Any]
    log_keys: Sequence[VerifierKey]
    seal_within: timedelta
    """The time within which the entry of an accepted message must be in the log."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle without its signature."""

    files: Files
    manifest: bytes

    @property
    def digest(self) -> str:
        """The digest of the manifest, which is signed and written into the log."""
        return sha256(self.manifest)

    def claims(self, maker: Maker, case_id: str) -> bytes:
        """The claims that the service signs."""
        return canonical(
            {
                "format": FORMAT,
                "iss": maker.issuer,
                "iat": int(maker.made_at.timestamp()),
                "case_id": case_id,
                "agency_id": maker.caller.agency_id,
                "manifest": self.digest,
            }
        )

    def with_seal(self, signature: str) -> Files:
        """All files, with the signature."""
        return {**self.files, MANIFEST: self.manifest, SEAL: signature.encode()}


def bundle(case_id: str, case: OpenedCase, proofs: LogProofs, maker: Maker, cover: bytes) -> Bundle:
    """All files except the signature.

    Args:
        cover: the HTML cover page.
    """
    rows = list(_rows(case))
    files: Files = {
        COVER: cover,
        CHECKPOINT: proofs.note.encode(),
        RECEIPT_KEYS: canonical(_plain(maker.receipt_keys)),
        LOG_KEYS: "".join(f"{key}\n" for key in maker.log_keys).encode(),
        ENTRIES: canonical(_entries(case, proofs, maker)),
    }
    if proofs.consistency is not None:
        files[CONSISTENCY] = canonical(_consistency(proofs))
    for row, message in zip(rows, case.messages, strict=True):
        files[row["file"]] = canonical(_plain(_message(message)))
    manifest = {
        "format": FORMAT,
        "issuer": maker.issuer,
        "case_id": case_id,
        "agency_id": maker.caller.agency_id,
        "seat_id": maker.caller.seat_id,
        "classes": sorted(maker.caller.classes),
        "made_at": moment(maker.made_at),
        "referrals": [views.referral_in_list(row) for row in case.referrals],
        "messages": rows,
        "parts": [
            {
                "referral_id": str(part.referral_id),
                "from": part.first,
                "through": part.last,
            }
            for part in case.parts
        ],
        "counts": {str(referral): count for referral, count in case.counts.items()},
        "log": {
            "origin": proofs.checkpoint.origin,
            "size": proofs.checkpoint.size,
            "root": proofs.note.split("\n")[2],
            "left_out": proofs.left_out,
        },
        "files": {name: sha256(files[name]) for name in sorted(files)},
    }
    return Bundle(files, canonical(_plain(manifest)))


def _rows(case: OpenedCase) -> Iterator[dict[str, Any]]:
    references = {row["id"]: row["reference"] for row in case.referrals}
    for message in case.messages:
        head = message.envelope
        yield {
            "referral_id": head["via"],
            "number": head["number"],
            "id": head["id"],
            "digest": head["digest"],
            "file": message_file(references[head["via"]], head["number"]),
        }


def _message(message: Opened) -> dict[str, Any]:
    """A message as the API returns it, and its fields by data class."""
    classes = BODIES[message.envelope["type"]].classes()
    names = {"type", *message.body}
    fields = {
        data_class: sorted(name for name in names if classes[name] is data_class)
        for data_class in message.salts
    }
    shown = views.message(message)
    if shown["receipt"] is not None:
        # Receipts of earlier versions may have the larger s, which verifiers do not take.
        shown["receipt"] = with_low_s(shown["receipt"])
    return {"message": shown, "fields": fields}


def _entries(case: OpenedCase, proofs: LogProofs, maker: Maker) -> dict[str, Any]:
    waiting = (m.envelope for m in case.messages if m.envelope["id"] in proofs.unsealed)
    return {
        "entries": [
            {"index": each.index, "entry": dict(each.entry), "proof": list(each.path)}
            for each in proofs.entries
        ],
        "repeated": list(_repeated_openings(proofs)),
        "pending": [
            {
                "message_id": head["id"],
                "sealed_by": moment(datetime.fromisoformat(head["created_at"]) + maker.seal_within),
            }
            for head in waiting
        ],
    }


def _repeated_openings(proofs: LogProofs) -> Iterator[dict[str, Any]]:
    """What one seat opened more than twice: only the first and the last entry are here."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for each in proofs.entries:
        if each.times is None or each.times <= 2:
            continue
        entry = each.entry
        key = entry["message_id"], entry["agency_id"], entry["seat_id"]
        row = found.setdefault(
            key,
            {
                "message_id": key[0],
                "agency_id": key[1],
                "seat_id": key[2],
                "count": each.times,
                "first": each.index,
            },
        )
        row["last"] = each.index
    yield from found.values()


def _consistency(proofs: LogProofs) -> dict[str, Any]:
    return {
        "from": proofs.since,
        "to": proofs.checkpoint.size,
        "proof": list(proofs.consistency or ()),
    }


def _plain(value: Any) -> Any:
    """The same value in JSON types only."""
    return json.loads(json.dumps(value))
