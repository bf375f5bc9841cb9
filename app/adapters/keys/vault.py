"""Sealing: each segment under the key of its referral and class, each key under a master key."""

import hashlib
import hmac
import os
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.domain.classes import DataClass
from app.domain.keys.ports import CannotOpen, KeyService, WrappedKey
from app.domain.messages.digest import sha256, with_salt

NONCE = 12
"""Bytes. Random: a key seals far fewer segments than make a repeat likely (2³²)."""
SALT, KEY = 16, 32
"""Bytes."""

StoredKeys = Mapping[UUID, Mapping[str, WrappedKey]]
"""The keys of referrals, by class."""


_NONE: Mapping[str, WrappedKey] = {}


@dataclass(frozen=True, slots=True)
class Segment:
    """One class of a body, sealed."""

    data_class: DataClass
    digest: str
    sealed: bytes


@dataclass(slots=True)
class Keyring:
    """The open keys of one referral while a message is written, and those made for it."""

    referral_id: UUID
    made: dict[str, WrappedKey] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict, repr=False)

    def seal(self, message_id: UUID, fields: Mapping[DataClass, bytes]) -> list[Segment]:
        """The segments of a message."""
        chance = random_parts(len(fields), SALT + NONCE)
        return [
            self._segment(message_id, c, content, part)
            for (c, content), part in zip(fields.items(), chance, strict=True)
        ]

    def mac(self, content: Iterable[bytes]) -> bytes:
        """A keyed hash that tells only whether a repeat says the same. It goes with the key."""
        digests = b"".join(hashlib.sha256(part).digest() for part in content)
        return hmac.digest(self.keys[DataClass.C0], b"content" + digests, "sha256")

    def _segment(
        self, message_id: UUID, data_class: DataClass, fields: bytes, chance: bytes
    ) -> Segment:
        salt = urlsafe_b64encode(chance[:SALT]).rstrip(b"=").decode()
        content = with_salt(fields, salt)
        cipher, aad = AESGCM(self.keys[data_class]), bound(message_id, data_class)
        sealed = encrypt(cipher, content, aad, chance[SALT:])
        return Segment(data_class, sha256(content), sealed)


class Vault:
    """Opens and makes the keys of referrals. The master keys are the key service's alone."""

    def __init__(self, service: KeyService) -> None:
        self._service = service

    async def keyrings(
        self, needed: Mapping[UUID, Iterable[str]], stored: StoredKeys
    ) -> dict[UUID, Keyring]:
        """For each referral the keys of the classes that it needs; what is not stored is made.

        Raises:
            CannotOpen: a key was changed, or its master key is not here.
            KeyServiceAway: the key service does not answer.
        """
        rings = {referral_id: Keyring(referral_id) for referral_id in needed}
        old: list[tuple[Keyring, str, WrappedKey]] = []
        new: list[tuple[Keyring, str]] = []
        for referral_id, classes in needed.items():
            _sort(rings[referral_id], classes, stored.get(referral_id, _NONE), old, new)
        if old:
            opened = await self._service.unwrap([(bound(r.referral_id, c), s) for r, c, s in old])
            for (ring, data_class, _), key in zip(old, opened, strict=True):
                ring.keys[data_class] = key
        if new:
            fresh = random_parts(len(new), KEY)
            bounds = [bound(ring.referral_id, data_class) for ring, data_class in new]
            made = await self._service.wrap(list(zip(bounds, fresh, strict=True)))
            for (ring, data_class), key, wrapped in zip(new, fresh, made, strict=True):
                ring.keys[data_class], ring.made[data_class] = key, wrapped
        return rings

    async def unwrap(self, keys: Sequence[tuple[UUID, str, WrappedKey]]) -> list[bytes]:
        """Keys of referrals and classes, in the order of `keys`.

        Raises:
            CannotOpen: a key was changed, or its master key is not here.
            KeyServiceAway: the key service does not answer.
        """
        if not keys:
            return []
        return await self._service.unwrap([(bound(r, c), stored) for r, c, stored in keys])

    def open(self, key: bytes, message_id: UUID, data_class: str, sealed: bytes) -> bytes:
        """What a segment holds: the canonical form of its fields and salt.

        Raises:
            CannotOpen: the segment was changed, or belongs to another message or class.
        """
        return decrypt(AESGCM(key), sealed, bound(message_id, data_class))


def _sort(
    ring: Keyring,
    classes: Iterable[str],
    there: Mapping[str, WrappedKey],
    old: list[tuple[Keyring, str, WrappedKey]],
    new: list[tuple[Keyring, str]],
) -> None:
    """Put each class with those whose keys are stored, or with those that need a new one."""
    for data_class in dict.fromkeys(classes):
        if found := there.get(data_class):
            old.append((ring, data_class, found))
        else:
            new.append((ring, data_class))


def bound(owner: UUID, purpose: str) -> bytes:
    """What a key or segment is bound to: whose it is, and its class or what it is for."""
    return owner.bytes + purpose.encode()


def random_parts(count: int, size: int) -> list[bytes]:
    """So many random parts of so many bytes, by one call of the kernel."""
    chance = os.urandom(count * size)
    return [chance[at : at + size] for at in range(0, len(chance), size)]


def encrypt(cipher: AESGCM, content: bytes, aad: bytes, nonce: bytes) -> bytes:
    """AES-256-GCM; the nonce, which is used nowhere else, stands first."""
    return nonce + cipher.encrypt(nonce, content, aad)


def decrypt(cipher: AESGCM, sealed: bytes, aad: bytes) -> bytes:
    """What `encrypt` was given.

    Raises:
        CannotOpen: it was changed, or is bound to something else.
    """
    try:
        return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], aad)
    except (InvalidTag, ValueError):  # ValueError: shorter than a nonce
        raise CannotOpen("the seal is broken") from None


PURPOSE = "webhook"
"""What a secret is bound to, beside its webhook."""
