"""Envelope encryption: segments are sealed with the key of their referral and data class, and these
keys are wrapped by a master key of the key service."""

import hashlib
import hmac
import os
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.domain.classes import DataClass
from app.domain.keys.ports import CannotOpen, KeyService, WrappedKey
from app.domain.messages.digest import sha256, with_salt

NONCE = 12
"""Bytes. Random: a key seals far fewer than 2³² segments, so a repeat is unlikely."""
SALT, KEY = 16, 32
"""Bytes."""

StoredKeys = Mapping[UUID, Mapping[str, WrappedKey]]
"""The keys of referrals, by class."""


_NONE: Mapping[str, WrappedKey] = {}


@dataclass(frozen=True, slots=True)
class Segment:
    """The fields of one data class of a body, sealed."""

    data_class: DataClass
    digest: str
    sealed: bytes


@dataclass(slots=True)
class Keyring:
    """The unwrapped keys of one referral while a message is written.

    `new_keys` holds those made for this message, wrapped.
    """

    referral_id: UUID
    new_keys: dict[str, WrappedKey] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict, repr=False)

    def seal(self, message_id: UUID, fields: Mapping[DataClass, bytes]) -> list[Segment]:
        """Seal the fields of a message, one segment for each data class."""
        randoms = random_parts(len(fields), SALT + NONCE)
        return [
            self._seal_segment(message_id, c, content, part)
            for (c, content), part in zip(fields.items(), randoms, strict=True)
        ]

    def mac(self, content: Iterable[bytes]) -> bytes:
        """A keyed hash to compare a repeat with. Once the key is erased, it tells nothing."""
        digests = b"".join(hashlib.sha256(part).digest() for part in content)
        return hmac.digest(self.keys[DataClass.C0], b"content" + digests, "sha256")

    def _seal_segment(
        self, message_id: UUID, data_class: DataClass, fields: bytes, random_bytes: bytes
    ) -> Segment:
        salt = urlsafe_b64encode(random_bytes[:SALT]).rstrip(b"=").decode()
        content = with_salt(fields, salt)
        cipher, aad = AESGCM(self.keys[data_class]), binding(message_id, data_class)
        sealed = encrypt(cipher, content, aad, random_bytes[SALT:])
        return Segment(data_class, sha256(content), sealed)


class Vault:
    """Unwraps and makes the keys of referrals. Only the key service has the master keys."""

    def __init__(self, service: KeyService) -> None:
        self._service = service

    async def keyrings(
        self,
        needed: Mapping[UUID, Iterable[str]],
        stored: StoredKeys,
        unwrapped: Mapping[tuple[UUID, str], bytes] = MappingProxyType({}),
    ) -> dict[UUID, Keyring]:
        """For each referral the keys of the classes that it needs; missing keys are made.

        Args:
            needed: the classes of each referral.
            stored: the keys that there are.
            unwrapped: those of them that were unwrapped before.

        Raises:
            CannotOpen: a key was changed, or its master key is not here.
            KeyServiceAway: the key service does not answer.
        """
        rings = {referral_id: Keyring(referral_id) for referral_id in needed}
        old: list[tuple[Keyring, str, WrappedKey]] = []
        new: list[tuple[Keyring, str]] = []
        for referral_id, classes in needed.items():
            ring = rings[referral_id]
            ring.keys.update({c: key for (r, c), key in unwrapped.items() if r == referral_id})
            _sort(ring, classes, stored.get(referral_id, _NONE), old, new)
        if old:
            keys = await self._service.unwrap([(binding(r.referral_id, c), s) for r, c, s in old])
            for (ring, data_class, _), key in zip(old, keys, strict=True):
                ring.keys[data_class] = key
        if new:
            fresh = random_parts(len(new), KEY)
            bindings = [binding(ring.referral_id, data_class) for ring, data_class in new]
            wrapped_keys = await self._service.wrap(list(zip(bindings, fresh, strict=True)))
            for (ring, data_class), key, wrapped in zip(new, fresh, wrapped_keys, strict=True):
                ring.keys[data_class], ring.new_keys[data_class] = key, wrapped
        return rings

    async def unwrap(self, keys: Sequence[tuple[UUID, str, WrappedKey]]) -> list[bytes]:
        """Keys of referrals and classes, in the order of `keys`.

        Raises:
            CannotOpen: a key was changed, or its master key is not here.
            KeyServiceAway: the key service does not answer.
        """
        if not keys:
            return []
        return await self._service.unwrap([(binding(r, c), stored) for r, c, stored in keys])

    def open(self, key: bytes, message_id: UUID, data_class: str, sealed: bytes) -> bytes:
        """What a segment holds: the canonical form of its fields and salt.

        Raises:
            CannotOpen: the segment was changed, or belongs to another message or class.
        """
        return decrypt(AESGCM(key), sealed, binding(message_id, data_class))


def _sort(
    ring: Keyring,
    classes: Iterable[str],
    stored: Mapping[str, WrappedKey],
    old: list[tuple[Keyring, str, WrappedKey]],
    new: list[tuple[Keyring, str]],
) -> None:
    """Add each class to `old` if its key is stored, or to `new` if it needs one."""
    for data_class in dict.fromkeys(classes):
        if data_class in ring.keys:
            continue
        if key := stored.get(data_class):
            old.append((ring, data_class, key))
        else:
            new.append((ring, data_class))


def binding(owner: UUID, purpose: str) -> bytes:
    """What a key or segment is bound to (the additional authenticated data): its owner, and its
    data class or purpose."""
    return owner.bytes + purpose.encode()


def random_parts(count: int, size: int) -> list[bytes]:
    """`count` random values of `size` bytes, by one system call."""
    randoms = os.urandom(count * size)
    return [randoms[at : at + size] for at in range(0, len(randoms), size)]


def encrypt(cipher: AESGCM, content: bytes, aad: bytes, nonce: bytes) -> bytes:
    """Encrypt with AES-256-GCM. The result begins with the nonce, which must be unique."""
    return nonce + cipher.encrypt(nonce, content, aad)


def decrypt(cipher: AESGCM, sealed: bytes, aad: bytes) -> bytes:
    """The content that `encrypt` was given.

    Raises:
        CannotOpen: it was changed, or is bound to something else.
    """
    try:
        return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], aad)
    except (InvalidTag, ValueError):  # ValueError: shorter than a nonce
        raise CannotOpen("the seal is broken") from None


PURPOSE = "webhook"
"""The purpose that the secret of a webhook is bound to."""
