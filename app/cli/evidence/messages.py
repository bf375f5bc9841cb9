"""The messages of a bundle: whether all are there, in order, and say what their digests say."""

from collections import Counter
from collections.abc import Mapping

from app.auth.jwt import NotGenuine, VerifyingKey, header
from app.cli.evidence.findings import Bad, Erased, Found, blaming
from app.cli.evidence.opened import Bundle, Json, base64url, strict_json
from app.domain.evidence.bundle import MANIFEST, message_file
from app.domain.messages.digest import canonical, sha256

_RECEIPT_TYP = "tsunagu-receipt+jwt"


def check_order(bundle: Bundle) -> None:
    """Every referral's messages are numbered from 1 with no gap, and each stands there once.

    Raises:
        Bad: `order`, with the file that is expected next or not at all.
    """
    with blaming("manifest", MANIFEST):
        references = {r["id"]: r["reference"] for r in bundle.manifest["referrals"]}
        count: Counter[str] = Counter()
        ids = set()
        for row in bundle.manifest["messages"]:
            count[row["referral_id"]] += 1
            expected = message_file(references[row["referral_id"]], count[row["referral_id"]])
            if row["file"] != expected or row["number"] != count[row["referral_id"]]:
                raise Bad("order", expected)
            if row["id"] in ids:
                raise Bad("order", expected, row["id"])
            ids.add(row["id"])


def check_messages(bundle: Bundle, keys: Mapping[str, VerifyingKey], found: Found) -> None:
    """Compute every digest again, and verify every receipt.

    Raises:
        Bad: `message`, `fields`, `digest` or `receipt`, with the first such file.
    """
    for row in bundle.manifest["messages"]:
        file = row["file"]
        held = bundle.json(file, "message")
        with blaming("message", file):
            message, fields = held["message"], held["fields"]
            if any(message[name] != row[name] for name in ("id", "number", "digest")):
                raise Bad("message", file)
            _check_classes(message, fields, file)
            _check_fields(message, fields, file)
            _check_digest(message, file)
            _check_receipt(message, bundle.manifest["issuer"], keys, file)
            _count(message, file, found)


def _check_classes(message: Json, fields: Json, file: str) -> None:
    """Each class is open or withheld, and every field of the body belongs to one that is open."""
    withheld = [item["class"] for item in message["withheld"]]
    if sorted([*fields, *withheld]) != sorted(message["digests"]):
        raise Bad("fields", file)
    if fields.keys() != message["salts"].keys():
        raise Bad("fields", file)
    names = [name for group in fields.values() for name in group]
    if "C0" not in fields:
        names.append("type")  # it stands in every body, as it does in the envelope
    if sorted(names) != sorted(message["body"]) or message["body"]["type"] != message["type"]:
        raise Bad("fields", file)


def _check_fields(message: Json, fields: Json, file: str) -> None:
    for data_class, names in sorted(fields.items()):
        said = {name: message["body"][name] for name in names}
        segment = canonical({"fields": said, "salt": message["salts"][data_class]})
        if sha256(segment) != message["digests"][data_class]:
            raise Bad("fields", file, data_class)


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
        raise Bad("digest", file)


def _check_receipt(message: Json, issuer: str, keys: Mapping[str, VerifyingKey], file: str) -> None:
    if message["receipt"] is None:  # it belongs to the sender
        return
    with blaming("receipt", file):
        claims = verified(message["receipt"], _RECEIPT_TYP, keys)
        same = {
            "iss": issuer,
            "message_id": message["id"],
            "referral_id": message["referral_id"],
            "type": message["type"],
            "digest": message["digest"],
            "accepted_at": message["created_at"],
        }
        if any(claims[name] != value for name, value in same.items()):
            raise Bad("receipt", file)


def _count(message: Json, file: str, found: Found) -> None:
    found.messages += 1
    found.opened += len(message["salts"])
    found.withheld += len(message["withheld"])
    found.receipts += message["receipt"] is not None
    found.erased += [
        Erased(file, item["class"], item.get("erased_at"), item.get("because"))
        for item in message["withheld"]
        if item["reason"] == "erased"
    ]


def verified(token: str, typ: str, keys: Mapping[str, VerifyingKey]) -> Json:
    """The claims of a signature of this kind, written in the one way in which it can be read.

    Raises:
        ValueError: none of these keys made it, or it can be read in two ways.
    """
    try:
        head = header(token)
        key = keys.get(str(head.get("kid")))
        if key is None or head.get("typ") != typ:
            raise ValueError("not signed by a known key")
        payload = key.payload(token)
    except NotGenuine:
        raise ValueError("not genuine") from None
    parts = [base64url(part) for part in token.split(".")]
    if None in parts:
        raise ValueError("not base64url as it must be written")
    strict_json(parts[0] or b"")
    claims: Json = strict_json(payload)
    return claims
