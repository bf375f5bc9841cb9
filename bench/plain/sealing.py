"""Sealing with AES-256-GCM."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
"""Bytes."""


def new_key() -> bytes:
    """A random key."""
    return AESGCM.generate_key(256)


def seal(key: bytes, content: bytes, bound_to: bytes) -> bytes:
    """Encrypt. The result begins with the nonce."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, bound_to)


def open_sealed(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """What was sealed.

    Raises:
        InvalidTag: it was changed, or is bound to something else.
    """
    return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], bound_to)
