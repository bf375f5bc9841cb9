"""Checks the signature over a bundle's manifest, and the checkpoint of the log."""

from base64 import b64encode
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.auth.jwt import VerifyingKey
from app.cli.evidence.findings import BundleProblem, blaming
from app.cli.evidence.messages import verify_signature
from app.cli.evidence.opened import Bundle, Json, Trust
from app.domain.evidence.bundle import CHECKPOINT, FORMAT, MANIFEST, RECEIPT_KEYS, SEAL, SEAL_TYP
from app.domain.log.signed_note import Checkpoint, NotANote, Note, NotTrusted, VerifierKey
from app.domain.messages.digest import sha256


def check_seal(bundle: Bundle, trust: Trust) -> None:
    """Check that the manifest is signed, by a key that the holder trusts.

    Raises:
        BundleProblem: `seal` if the signature is not valid, `changed` if the keys in the bundle
            were changed, `manifest` if another manifest was signed, `untrusted` if the key is in
            the bundle but not among those from elsewhere.
    """
    try:
        claims = _signed_claims(bundle, bundle.receipt_keys())
    except BundleProblem:
        _check_keys(bundle)
        raise
    if claims != _expected_claims(bundle):
        raise BundleProblem("manifest", MANIFEST)
    if trust.receipt_keys is not None:
        try:
            _signed_claims(bundle, trust.receipt_keys)
        except BundleProblem:
            raise BundleProblem("untrusted", RECEIPT_KEYS) from None


def _check_keys(bundle: Bundle) -> None:
    if RECEIPT_KEYS not in bundle.files:
        raise BundleProblem("missing", RECEIPT_KEYS)
    with blaming("manifest", MANIFEST):
        if bundle.manifest["files"][RECEIPT_KEYS] != sha256(bundle.files[RECEIPT_KEYS]):
            raise BundleProblem("changed", RECEIPT_KEYS)


def _expected_claims(bundle: Bundle) -> Json:
    with blaming("manifest", MANIFEST):
        manifest = bundle.manifest
        return {
            "format": FORMAT,
            "iss": manifest["issuer"],
            "case_id": manifest["case_id"],
            "agency_id": manifest["agency_id"],
            "manifest": sha256(bundle.files[MANIFEST]),
        }


def _signed_claims(bundle: Bundle, keys: Mapping[str, VerifyingKey]) -> Json:
    """The signed claims without `iat`."""
    token = bundle.text(SEAL, "seal")
    with blaming("seal", SEAL):
        claims = verify_signature(token, SEAL_TYP, keys)
    if "iat" not in claims:
        raise BundleProblem("manifest", MANIFEST)
    return {name: value for name, value in claims.items() if name != "iat"}


def check_checkpoint(bundle: Bundle, trust: Trust) -> None:
    """Verify the checkpoint, and check that it is the one of the manifest.

    Raises:
        BundleProblem: `checkpoint`; `untrusted` if none but the bundle's own keys signed it.
    """
    own = bundle.log_keys()
    point = _read_checkpoint(bundle.text(CHECKPOINT, "checkpoint"), own, "checkpoint", CHECKPOINT)
    if trust.log_keys is not None:
        _read_checkpoint(
            bundle.text(CHECKPOINT, "checkpoint"), trust.log_keys, "untrusted", CHECKPOINT
        )
    with blaming("manifest", MANIFEST):
        log = bundle.manifest["log"]
        if (log["origin"], log["size"]) != (point.origin, point.size) or log["root"] != b64encode(
            point.root
        ).decode():
            raise BundleProblem("checkpoint", CHECKPOINT)
    bundle.size, bundle.root = point.size, point.root


def read_earlier_checkpoint(
    note: str, bundle: Bundle, trust: Trust, file: str | None
) -> Checkpoint:
    """Verify an earlier checkpoint of the same log, which the holder kept.

    Raises:
        BundleProblem: `earlier`, if it is none, or of another log.
    """
    keys = bundle.log_keys() if trust.log_keys is None else trust.log_keys
    point = _read_checkpoint(note, keys, "earlier", file)
    if point.origin != bundle.manifest["log"]["origin"]:
        raise BundleProblem("earlier", file)
    return point


def _read_checkpoint(
    note: str, keys: tuple[VerifierKey, ...], code: str, file: str | None
) -> Checkpoint:
    try:
        parsed = Note.parse(note)
        parsed.check(keys, _is_genuine)
        return Checkpoint.parse(parsed.text)
    except (NotANote, NotTrusted, ValueError):
        raise BundleProblem(code, file) from None


def _is_genuine(public: bytes, signature: bytes, content: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True
