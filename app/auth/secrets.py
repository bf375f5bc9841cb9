"""Client secrets: generated here, shown once, stored as a hash."""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode

_PREFIX = "tsc_"  # lets a secret scanner recognise one that was committed by mistake
_SCHEME = "sha256"


def new_secret() -> str:
    """A secret of 256 random bits, recognisable by its prefix."""
    return _PREFIX + secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """What to store of `secret`: `sha256$salt$digest`.

    A slow hash protects secrets that can be guessed. Ours are 256 random bits that only we
    generate, so they cannot be guessed at any speed. With scrypt at its usual 16 MiB and 50 ms,
    forty wrong secrets a second would keep two cores busy. The salt hides that two are equal.
    """
    salt = secrets.token_bytes(16)
    return f"{_SCHEME}${b64encode(salt).decode()}${b64encode(_digest(salt, secret)).decode()}"


def verify_secret(secret: str, stored: str | None) -> bool:
    """Whether `stored` is the hash of `secret`, compared in constant time.

    `None` (no such client, or one without a secret) takes as long as a wrong secret.
    """
    scheme, salt, digest = (stored or _DUMMY).split("$")
    expected = b64decode(digest)
    same = hmac.compare_digest(_digest(b64decode(salt), secret), expected)
    return same and scheme == _SCHEME and stored is not None


def _digest(salt: bytes, secret: str) -> bytes:
    return hashlib.sha256(salt + secret.encode(errors="replace")).digest()


_DUMMY = hash_secret(new_secret())
