"""What holds a bundle together: the signature over its manifest, and the checkpoint of the log."""

from base64 import b64encode
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.auth.jwt import VerifyingKey
from app.cli.evidence.findings import Bad, blaming
from app.cli.evidence.messages import verified
from app.cli.evidence.opened import Bundle, Json, Trust
from app.domain.evidence.bundle import CHECKPOINT, FORMAT, MANIFEST, RECEIPT_KEYS, SEAL, SEAL_TYP
from app.domain.log.signed_note import Checkpoint, NotANote, Note, NotTrusted, VerifierKey
from app.domain.messages.digest import sha256


def check_seal(bundle: Bundle, trust: Trust) -> None:
    """Refuse a manifest that nobody signed, or nobody whom the holder trusts.

    Raises:
        Bad: `seal` if the signature is not genuine, `changed` if that is for the keys beside it,
            `manifest` if it was made over another one, `untrusted` if by a key that only the
            bundle itself vouches for.
    """
    try:
        signed = _signed(bundle, bundle.receipt_keys())
    except Bad:
        _check_keys(bundle)
        raise
    if signed != _expected(bundle):
        raise Bad("manifest", MANIFEST)
    if trust.receipt_keys is not None:
        try:
            _signed(bundle, trust.receipt_keys)
        except Bad:
            raise Bad("untrusted", RECEIPT_KEYS) from None


def _check_keys(bundle: Bundle) -> None:
    if RECEIPT_KEYS not in bundle.files:
        raise Bad("missing", RECEIPT_KEYS)
    with blaming("manifest", MANIFEST):
        if bundle.manifest["files"][RECEIPT_KEYS] != sha256(bundle.files[RECEIPT_KEYS]):
            raise Bad("changed", RECEIPT_KEYS)


def _expected(bundle: Bundle) -> Json:
    with blaming("manifest", MANIFEST):
        manifest = bundle.manifest
        return {
            "format": FORMAT,
            "iss": manifest["issuer"],
            "case_id": manifest["case_id"],
            "agency_id": manifest["agency_id"],
            "manifest": sha256(bundle.files[MANIFEST]),
        }


def _signed(bundle: Bundle, keys: Mapping[str, VerifyingKey]) -> Json:
    """What was signed, without the time."""
    token = bundle.text(SEAL, "seal")
    with blaming("seal", SEAL):
        claims = verified(token, SEAL_TYP, keys)
    if "iat" not in claims:
        raise Bad("manifest", MANIFEST)
    return {name: value for name, value in claims.items() if name != "iat"}


def check_checkpoint(bundle: Bundle, trust: Trust) -> None:
    """Verify the checkpoint, and that it is the one of the manifest.

    Raises:
        Bad: `checkpoint`; `untrusted` if none but the bundle's own keys signed it.
    """
    own = bundle.log_keys()
    point = _of_note(bundle.text(CHECKPOINT, "checkpoint"), own, "checkpoint", CHECKPOINT)
    if trust.log_keys is not None:
        _of_note(bundle.text(CHECKPOINT, "checkpoint"), trust.log_keys, "untrusted", CHECKPOINT)
    with blaming("manifest", MANIFEST):
        log = bundle.manifest["log"]
        if (log["origin"], log["size"]) != (point.origin, point.size) or log["root"] != b64encode(
            point.root
        ).decode():
            raise Bad("checkpoint", CHECKPOINT)
    bundle.size, bundle.root = point.size, point.root


def earlier(note: str, bundle: Bundle, trust: Trust, file: str | None) -> Checkpoint:
    """An earlier checkpoint of the same log, which the holder kept.

    Raises:
        Bad: `earlier`, if it is none, or of another log.
    """
    keys = bundle.log_keys() if trust.log_keys is None else trust.log_keys
    point = _of_note(note, keys, "earlier", file)
    if point.origin != bundle.manifest["log"]["origin"]:
        raise Bad("earlier", file)
    return point


def _of_note(note: str, keys: tuple[VerifierKey, ...], code: str, file: str | None) -> Checkpoint:
    try:
        read = Note.parse(note)
        read.check(keys, _genuine)
        return Checkpoint.parse(read.text)
    except (NotANote, NotTrusted, ValueError):
        raise Bad(code, file) from None


def _genuine(public: bytes, signature: bytes, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True
