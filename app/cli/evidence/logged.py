"""The log's entries in a bundle: that they are in the log, and that they tell of its messages."""

from datetime import datetime

from app.cli.evidence.findings import Bad, Found, blaming
from app.cli.evidence.opened import Bundle, Json, base64
from app.domain.evidence.bundle import CONSISTENCY, ENTRIES
from app.domain.log.merkle import leaf_hash, verify_consistency, verify_inclusion
from app.domain.log.signed_note import Checkpoint
from app.domain.messages.digest import canonical

ACCEPTED = "acceptance"
SHARED = "sharing"
"""An older message was given to a party of another referral of the case."""


def check_entries(bundle: Bundle, found: Found) -> None:
    """Every entry is of this case, names this agency, and is in the log where it says it is.

    Raises:
        Bad: `entry` or `proof`, with the number of the first such entry.
    """
    held = bundle.json(ENTRIES, "entry")
    last = -1
    with blaming("entry", ENTRIES):
        for row in held["entries"]:
            with blaming("entry", ENTRIES, str(row["index"])):
                if not last < row["index"] < bundle.size:
                    raise Bad("entry", ENTRIES, str(row["index"]))
                last = row["index"]
                _check_entry(row["entry"], bundle, str(last))
                _check_proof(row, bundle)
            bundle.entries.append(row["entry"])
        bundle.pending = {row["message_id"] for row in held["pending"]}
        found.left_out = bundle.manifest["log"].get("left_out", 0)
    found.entries, found.pending = len(bundle.entries), len(bundle.pending)
    if found.pending:
        found.warnings.append("pending")
    if found.left_out:
        found.warnings.append("left_out")


def _check_entry(entry: Json, bundle: Bundle, at: str) -> None:
    of_this = entry["case_id"] in {bundle.manifest["case_id"], None}
    if not of_this or bundle.manifest["agency_id"] not in entry["agencies"]:
        raise Bad("entry", ENTRIES, at)


def _check_proof(row: Json, bundle: Bundle) -> None:
    leaf = leaf_hash(canonical(row["entry"]))
    with blaming("proof", ENTRIES, str(row["index"])):
        path = [base64(part) for part in row["proof"]]
    if not verify_inclusion(leaf, row["index"], bundle.size, path, bundle.root):
        raise Bad("proof", ENTRIES, str(row["index"]))


def check_logged(bundle: Bundle) -> None:
    """Each message is in the log with its digest, and each that the log tells of is here.

    Raises:
        Bad: `unlogged` with the message, or `unshown` with the id of one that is not here.
    """
    # A party that shared a message is named in both: what proves more comes last, and stays.
    told = {
        entry["message_id"]: entry
        for kind in (SHARED, ACCEPTED)
        for entry in bundle.entries
        if entry["kind"] == kind
    }
    for row in bundle.manifest["messages"]:
        with blaming("unlogged", row["file"]):
            _check_told(told.pop(row["id"], None), row, bundle)
    for message_id in told:
        raise Bad("unshown", ENTRIES, message_id)


def _check_told(entry: Json | None, row: Json, bundle: Bundle) -> None:
    if entry is None:
        if row["id"] not in bundle.pending:
            raise Bad("unlogged", row["file"])
        return
    if entry["detail"]["digest"] != row["digest"]:
        raise Bad("unlogged", row["file"])
    created = bundle.json(row["file"], "message")["message"]["created_at"]
    same_time = datetime.fromisoformat(entry["at"]) == datetime.fromisoformat(created)
    if entry["kind"] == ACCEPTED and not same_time:
        raise Bad("unlogged", row["file"])


def check_grown(bundle: Bundle, old: Checkpoint, found: Found) -> None:
    """The log of the bundle begins with the log of an earlier checkpoint.

    Raises:
        Bad: `rolled_back` if it does not.
    """
    if old.size > bundle.size:
        raise Bad("rolled_back", ENTRIES)
    path: list[bytes] = []
    if 0 < old.size < bundle.size:
        if CONSISTENCY not in bundle.files:
            found.warnings.append("no_consistency_proof")
            return
        held = bundle.json(CONSISTENCY, "rolled_back")
        with blaming("rolled_back", CONSISTENCY):
            if held["from"] != old.size:
                found.warnings.append("no_consistency_proof")
                return
            path = [base64(part) for part in held["proof"]]
    if not verify_consistency(old.size, bundle.size, old.root, bundle.root, path):
        raise Bad("rolled_back", CONSISTENCY if CONSISTENCY in bundle.files else ENTRIES)


def check_unchanged(bundle: Bundle, old: Bundle) -> None:
    """Every message of an earlier bundle of the same party is here, the same and in its place.

    Raises:
        Bad: `earlier` if they are not bundles of one case and party, or `shrunk` with the message.
    """
    for name in ("issuer", "case_id", "agency_id"):
        if bundle.manifest[name] != old.manifest[name]:
            raise Bad("earlier", None, name)
    now = {row["file"]: row for row in bundle.manifest["messages"]}
    for row in old.manifest["messages"]:
        if now.get(row["file"]) != row:
            raise Bad("shrunk", row["file"])
