"""Sealing: each segment under the key of its referral and class, each key under the master key."""

import hashlib
import hmac
import os
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.domain.classes import DataClass
from app.domain.digest import salted, sha256
from app.domain.keys import MasterKey

NONCE = 12
"""Bytes. Random: a key seals far fewer segments than make a repeat likely (2³²)."""


class CannotOpen(Exception):
    """What is stored was changed, or is sealed under a master key that is not here."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """The key of a referral and class, as it is stored."""

    master: int
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Segment:
    """One class of a body, sealed."""

    data_class: DataClass
    digest: str
    sealed: bytes


@dataclass(slots=True)
class Keyring:
    """The keys of one referral while a message is written; makes those that it lacks."""

    referral_id: UUID
    vault: "Vault"
    stored: Mapping[str, WrappedKey]
    made: dict[str, WrappedKey] = field(default_factory=dict)
    _open: dict[str, bytes] = field(default_factory=dict)

    def key(self, data_class: DataClass) -> bytes:
        """The key for a class."""
        if data_class not in self._open:
            self._open[data_class] = self._unwrapped(data_class)
        return self._open[data_class]

    def seal(self, message_id: UUID, fields: Mapping[DataClass, bytes]) -> list[Segment]:
        """The segments of a message."""
        return [self._segment(message_id, c, content) for c, content in fields.items()]

    def mac(self, content: Iterable[bytes]) -> bytes:
        """A keyed hash that tells only whether a repeat says the same. It goes with the key."""
        digests = b"".join(hashlib.sha256(part).digest() for part in content)
        return hmac.digest(self.key(DataClass.C0), b"content" + digests, "sha256")

    def _unwrapped(self, data_class: DataClass) -> bytes:
        if stored := self.stored.get(data_class):
            return self.vault.unwrap(self.referral_id, data_class, stored)
        key = AESGCM.generate_key(256)
        self.made[data_class] = self.vault.wrap(self.referral_id, data_class, key)
        return key

    def _segment(self, message_id: UUID, data_class: DataClass, fields: bytes) -> Segment:
        salt = urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode()
        content = salted(fields, salt)
        sealed = _encrypt(AESGCM(self.key(data_class)), content, _aad(message_id, data_class))
        return Segment(data_class, sha256(content), sealed)


class Vault:
    """Holds the master keys; wraps and unwraps the keys of referrals."""

    def __init__(self, masters: Iterable[MasterKey]) -> None:
        self._masters = {master.version: AESGCM(master.secret) for master in masters}
        self._active = max(self._masters)

    def keyring(self, referral_id: UUID, stored: Mapping[str, WrappedKey]) -> Keyring:
        """The keys of a referral, stored ones and those to be made."""
        return Keyring(referral_id, self, stored)

    def wrap(self, referral_id: UUID, data_class: str, key: bytes) -> WrappedKey:
        """A referral's key as it may be stored."""
        cipher = self._masters[self._active]
        return WrappedKey(self._active, _encrypt(cipher, key, _aad(referral_id, data_class)))

    def unwrap(self, referral_id: UUID, data_class: str, stored: WrappedKey) -> bytes:
        """A referral's key.

        Raises:
            CannotOpen: the master key is not here, or the key was changed.
        """
        cipher = self._masters.get(stored.master)
        if cipher is None:
            raise CannotOpen(f"master key {stored.master} is not here")
        return _decrypt(cipher, stored.wrapped, _aad(referral_id, data_class))

    def open(self, key: bytes, message_id: UUID, data_class: str, sealed: bytes) -> bytes:
        """What a segment holds: the canonical form of its fields and salt.

        Raises:
            CannotOpen: the segment was changed, or belongs to another message or class.
        """
        return _decrypt(AESGCM(key), sealed, _aad(message_id, data_class))


def _aad(owner: UUID, data_class: str) -> bytes:
    return owner.bytes + data_class.encode()


def _encrypt(cipher: AESGCM, content: bytes, aad: bytes) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + cipher.encrypt(nonce, content, aad)


def _decrypt(cipher: AESGCM, sealed: bytes, aad: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], aad)
    except InvalidTag:
        raise CannotOpen("the seal is broken") from None
