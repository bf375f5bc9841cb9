"""Checks the log entries of a bundle: included in the log, and matching its messages (RFC 9162)."""

from datetime import datetime

from app.cli.evidence.findings import BundleProblem, Findings, blaming
from app.cli.evidence.opened import Bundle, Json, decode_base64
from app.domain.evidence.bundle import CONSISTENCY, ENTRIES
from app.domain.log.merkle import leaf_hash, verify_consistency, verify_inclusion
from app.domain.log.signed_note import Checkpoint
from app.domain.messages.digest import canonical

ACCEPTED = "acceptance"
SHARED = "sharing"
"""Kind of entry: an older message was shared with a party of another referral of the case."""


def check_entries(bundle: Bundle, findings: Findings) -> None:
    """Check that every entry is of this case and agency, and verify its inclusion proof.

    Raises:
        BundleProblem: `entry` or `proof`, with the number of the first such entry.
    """
    content = bundle.json(ENTRIES, "entry")
    last = -1
    with blaming("entry", ENTRIES):
        for row in content["entries"]:
            with blaming("entry", ENTRIES, str(row["index"])):
                if not last < row["index"] < bundle.size:
                    raise BundleProblem("entry", ENTRIES, str(row["index"]))
                last = row["index"]
                _check_entry(row["entry"], bundle, str(last))
                _check_proof(row, bundle)
            bundle.entries.append(row["entry"])
        bundle.pending = {row["message_id"] for row in content["pending"]}
        findings.left_out = bundle.manifest["log"].get("left_out", 0)
        findings.logged = {row["index"] for row in content["entries"]}
    findings.unlogged = set(bundle.pending)
    if findings.unlogged:
        findings.warnings.append("pending")
    if findings.left_out:
        findings.warnings.append("left_out")


def _check_entry(entry: Json, bundle: Bundle, at: str) -> None:
    same_case = entry["case_id"] in {bundle.manifest["case_id"], None}
    if not same_case or bundle.manifest["agency_id"] not in entry["agencies"]:
        raise BundleProblem("entry", ENTRIES, at)


def _check_proof(row: Json, bundle: Bundle) -> None:
    leaf = leaf_hash(canonical(row["entry"]))
    with blaming("proof", ENTRIES, str(row["index"])):
        path = [decode_base64(part) for part in row["proof"]]
    if not verify_inclusion(leaf, row["index"], bundle.size, path, bundle.root):
        raise BundleProblem("proof", ENTRIES, str(row["index"]))


def check_messages_logged(bundle: Bundle) -> None:
    """Check that each message is in the log with its digest, and each logged message is here.

    Raises:
        BundleProblem: `unlogged` with the message, or `unshown` with the id of one that is missing.
    """
    # The party that shared a message is named in both entries: the acceptance proves more, and is
    # kept because it comes last.
    entry_by_message = {
        entry["message_id"]: entry
        for kind in (SHARED, ACCEPTED)
        for entry in bundle.entries
        if entry["kind"] == kind
    }
    for row in bundle.manifest["messages"]:
        with blaming("unlogged", row["file"]):
            _check_message_entry(entry_by_message.pop(row["id"], None), row, bundle)
    for message_id in entry_by_message:
        raise BundleProblem("unshown", ENTRIES, message_id)


def _check_message_entry(entry: Json | None, row: Json, bundle: Bundle) -> None:
    if entry is None:
        if row["id"] not in bundle.pending:
            raise BundleProblem("unlogged", row["file"])
        return
    if entry["detail"]["digest"] != row["digest"]:
        raise BundleProblem("unlogged", row["file"])
    created = bundle.json(row["file"], "message")["message"]["created_at"]
    same_time = datetime.fromisoformat(entry["at"]) == datetime.fromisoformat(created)
    if entry["kind"] == ACCEPTED and not same_time:
        raise BundleProblem("unlogged", row["file"])


def check_consistency(bundle: Bundle, old: Checkpoint, findings: Findings) -> None:
    """Verify that the log of the bundle is consistent with an earlier checkpoint.

    Raises:
        BundleProblem: `rolled_back` if it does not.
    """
    if old.size > bundle.size:
        raise BundleProblem("rolled_back", ENTRIES)
    path: list[bytes] = []
    if 0 < old.size < bundle.size:
        if CONSISTENCY not in bundle.files:
            findings.warnings.append("no_consistency_proof")
            return
        content = bundle.json(CONSISTENCY, "rolled_back")
        with blaming("rolled_back", CONSISTENCY):
            if content["from"] != old.size:
                findings.warnings.append("no_consistency_proof")
                return
            path = [decode_base64(part) for part in content["proof"]]
    if not verify_consistency(old.size, bundle.size, old.root, bundle.root, path):
        raise BundleProblem("rolled_back", CONSISTENCY if CONSISTENCY in bundle.files else ENTRIES)


def is_part(manifest: Json) -> bool:
    """Whether a bundle of this manifest leaves out messages that its party may read."""
    held = {p["referral_id"]: (p["from"], p["through"]) for p in manifest.get("parts", [])}
    counts = manifest.get("counts", {})
    return any(count and held.get(name) != (1, count) for name, count in counts.items())


def check_earlier_messages(bundle: Bundle, old: Bundle) -> None:
    """Check that every message of an earlier bundle of the same party is here, unchanged.

    Raises:
        BundleProblem: `earlier` if the bundles are not of one case and party, or `shrunk` with the
            message.
    """
    for name in ("issuer", "case_id", "agency_id"):
        if bundle.manifest[name] != old.manifest[name]:
            raise BundleProblem("earlier", None, name)
    now = {row["file"]: row for row in bundle.manifest["messages"]}
    held = {p["referral_id"]: p for p in bundle.manifest.get("parts", [])}
    for row in old.manifest["messages"]:
        part = held.get(row["referral_id"], {"from": 1, "through": 0})
        elsewhere = not part["from"] <= row["number"] <= part["through"]
        if "parts" in bundle.manifest and elsewhere and is_part(bundle.manifest):
            continue
        if now.get(row["file"]) != row:
            raise BundleProblem("shrunk", row["file"])
