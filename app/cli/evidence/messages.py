"""Checks the messages of a bundle: complete, in order, and equal to their digests."""

from collections import Counter
from collections.abc import Mapping

from app.auth.jwt import NotGenuine, VerifyingKey, header
from app.cli.evidence.findings import BundleProblem, ErasedClass, Findings, MessageCounts, blaming
from app.cli.evidence.opened import Bundle, Json, decode_base64url, strict_json
from app.domain.evidence.bundle import MANIFEST, message_file
from app.domain.messages.digest import canonical, sha256

_RECEIPT_TYP = "tsunagu-receipt+jwt"


def check_order(bundle: Bundle) -> None:
    """Check that the messages of each referral are numbered without a gap, each once: from 1, or as
    the manifest of a part says.

    Raises:
        BundleProblem: `order`, with the file that is expected next or not at all.
    """
    with blaming("manifest", MANIFEST):
        references = {r["id"]: r["reference"] for r in bundle.manifest["referrals"]}
        parts = bundle.manifest.get("parts", [])
        count = Counter({part["referral_id"]: part["from"] - 1 for part in parts})
        ids = set()
        for row in bundle.manifest["messages"]:
            count[row["referral_id"]] += 1
            expected = message_file(references[row["referral_id"]], count[row["referral_id"]])
            if row["file"] != expected or row["number"] != count[row["referral_id"]]:
                raise BundleProblem("order", expected)
            if row["id"] in ids:
                raise BundleProblem("order", expected, row["id"])
            ids.add(row["id"])
        if "parts" in bundle.manifest:
            _check_parts(bundle.manifest, references, count)


def _check_parts(manifest: Json, references: Mapping[str, str], count: Counter[str]) -> None:
    """Check that the messages are those that the manifest says it holds of each referral."""
    for part in manifest["parts"]:
        referral, last = part["referral_id"], part["through"]
        whole = manifest["counts"][referral]
        if count.pop(referral) != last or not 1 <= part["from"] <= last <= whole:
            raise BundleProblem("order", message_file(references[referral], last))
    if any(count.values()):
        raise BundleProblem("manifest", MANIFEST)


def check_messages(bundle: Bundle, keys: Mapping[str, VerifyingKey], findings: Findings) -> None:
    """Recompute every digest, and verify every receipt.

    Raises:
        BundleProblem: `message`, `fields`, `digest` or `receipt`, with the first such file.
    """
    for row in bundle.manifest["messages"]:
        file = row["file"]
        content = bundle.json(file, "message")
        with blaming("message", file):
            message, fields = content["message"], content["fields"]
            if any(message[name] != row[name] for name in ("id", "number", "digest")):
                raise BundleProblem("message", file)
            _check_classes(message, fields, file)
            _check_fields(message, fields, file)
            _check_digest(message, file)
            _check_receipt(message, bundle.manifest["issuer"], keys, file)
            _count(message, file, findings)


def _check_classes(message: Json, fields: Json, file: str) -> None:
    """Check that each class is open or withheld, and each field of the body is of an open one."""
    withheld = [item["class"] for item in message["withheld"]]
    if sorted([*fields, *withheld]) != sorted(message["digests"]):
        raise BundleProblem("fields", file)
    if fields.keys() != message["salts"].keys():
        raise BundleProblem("fields", file)
    names = [name for group in fields.values() for name in group]
    if "C0" not in fields:
        names.append("type")  # part of every body, as of the envelope
    if sorted(names) != sorted(message["body"]) or message["body"]["type"] != message["type"]:
        raise BundleProblem("fields", file)


def _check_fields(message: Json, fields: Json, file: str) -> None:
    for data_class, names in sorted(fields.items()):
        values = {name: message["body"][name] for name in names}
        segment = canonical({"fields": values, "salt": message["salts"][data_class]})
        if sha256(segment) != message["digests"][data_class]:
            raise BundleProblem("fields", file, data_class)


def _check_digest(message: Json, file: str) -> None:
    sender = message["from"]
    envelope = {
        "id": message["id"],
        "referral_id": message["referral_id"],
        "type": message["type"],
        "from": {"agency_id": sender["agency_id"], "seat_id": sender["seat_id"]},
        "occurred_on": message["occurred_on"],
        "legal_basis": message["legal_basis"],
        "accepted_at": message["created_at"],
        "segments": message["digests"],
    }
    if sha256(canonical(envelope)) != message["digest"]:
        raise BundleProblem("digest", file)


def _check_receipt(message: Json, issuer: str, keys: Mapping[str, VerifyingKey], file: str) -> None:
    if message["receipt"] is None:  # it belongs to the sender
        return
    with blaming("receipt", file):
        claims = verify_signature(message["receipt"], _RECEIPT_TYP, keys)
        expected = {
            "iss": issuer,
            "message_id": message["id"],
            "referral_id": message["referral_id"],
            "type": message["type"],
            "digest": message["digest"],
            "accepted_at": message["created_at"],
        }
        if any(claims[name] != value for name, value in expected.items()):
            raise BundleProblem("receipt", file)


def _count(message: Json, file: str, findings: Findings) -> None:
    findings.held[message["id"]] = MessageCounts(
        len(message["salts"]), len(message["withheld"]), int(message["receipt"] is not None)
    )
    findings.erased += [
        ErasedClass(file, item["class"], item.get("erased_at"), item.get("because"))
        for item in message["withheld"]
        if item["reason"] == "erased"
    ]


def verify_signature(token: str, typ: str, keys: Mapping[str, VerifyingKey]) -> Json:
    """Verify a compact JWS of this `typ`, and give its claims.

    Raises:
        ValueError: none of these keys signed it, or its encoding is ambiguous.
    """
    try:
        head = header(token)
        key = keys.get(str(head.get("kid")))
        if key is None or head.get("typ") != typ:
            raise ValueError("not signed by a known key")
        payload = key.payload(token)
    except NotGenuine:
        raise ValueError("not genuine") from None
    parts = [decode_base64url(part) for part in token.split(".")]
    if None in parts:
        raise ValueError("not base64url as it must be written")
    strict_json(parts[0] or b"")
    claims: Json = strict_json(payload)
    return claims
