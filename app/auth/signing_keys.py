"""Signing keys: which one signs now, which ones still verify, and how they are rotated."""

import logging
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.auth.jwt import SigningKey, VerifyingKey, revoked_key, signing_key
from app.domain.errors import raised_at
from app.domain.keys.ports import SigningPem, SigningPems

log = logging.getLogger(__name__)

PUBLISHED_BEFORE = timedelta(minutes=10)
"""How long a new key is published before it signs: twice what others may cache our JWKS."""

OVERLAP = timedelta(minutes=70)
"""How long tokens of a replaced key are still accepted: longer than any token lives. To refuse them
at once, revoke the key."""

_RELOAD_EVERY = 1.0
"""Seconds between two checks of the folder."""


class Use(StrEnum):
    """What a key is used for at a given time."""

    NEXT = "next"
    SIGNING = "signing"
    VERIFYING = "verifying"
    RECEIPTS = "receipts"


@dataclass(frozen=True, slots=True)
class RingKey:
    """A key, from when it signs, and from when a newer key replaces it."""

    key: SigningKey
    signs_from: datetime
    signs_until: datetime | None
    revoked: bool = False

    def use(self, at: datetime) -> Use:
        """What this key is used for at `at`. After `OVERLAP` it verifies receipts alone."""
        if self.revoked:
            return Use.RECEIPTS
        if self.signs_until is None or at < self.signs_until:
            return Use.SIGNING if at >= self.signs_from else Use.NEXT
        return Use.VERIFYING if at < self.signs_until + OVERLAP else Use.RECEIPTS


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All signing keys of the folder, the oldest first. At least one can sign."""

    keys: tuple[RingKey, ...]

    def signing(self, at: datetime) -> SigningKey:
        """The key that signs at `at`; the oldest usable one, if `at` is before all of them."""
        usable = [ring_key for ring_key in self.keys if not ring_key.revoked]
        for ring_key in reversed(usable):
            if ring_key.signs_from <= at:
                return ring_key.key
        return usable[0].key

    def for_token(self, kid: object, at: datetime) -> VerifyingKey | None:
        """The key `kid`, if tokens that it signed are still accepted at `at`."""
        for ring_key in self.keys:
            if ring_key.key.verifying.kid == kid and ring_key.use(at) is not Use.RECEIPTS:
                return ring_key.key.verifying
        return None

    def for_receipt(self, kid: object) -> VerifyingKey | None:
        """The key `kid`, however old: a receipt may be verified years later."""
        return next(
            (each.key.verifying for each in self.keys if each.key.verifying.kid == kid), None
        )

    def jwks(self) -> dict[str, Any]:
        """The JWKS: the public halves of all keys, with the next one and those for old receipts."""
        return {"keys": [ring_key.key.verifying.jwk() for ring_key in self.keys]}


class SigningKeys:
    """The key ring, read again when the folder changes, without a restart."""

    def __init__(self, source: SigningPems, ticks: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._ticks = ticks
        self._mark: Hashable = source.mark()
        self._ring = _read(source)
        self._last_check = ticks()

    def ring(self) -> KeyRing:
        """The keys as they were in the folder at most a second ago."""
        if (tick := self._ticks()) - self._last_check >= _RELOAD_EVERY:
            self._last_check = tick
            self._reload_if_changed()
        return self._ring

    def _reload_if_changed(self) -> None:
        try:
            if (mark := self._source.mark()) != self._mark:
                self._ring = _read(self._source)
                self._mark = mark
        except (OSError, ValueError) as error:
            # A half-copied or unreadable key must not stop a service that has usable ones.
            told = raised_at(error)
            log.error("the signing keys cannot be read again; the ones in use stay: %s", told)


def _read(source: SigningPems) -> KeyRing:
    pems = source.signing()
    if all(pem.revoked for pem in pems):
        raise ValueError("there is no signing key")
    ends = [pem.signs_from for pem in pems[1:]]
    return KeyRing(
        tuple(
            RingKey(_read_key(pem), pem.signs_from, end, pem.revoked)
            for pem, end in zip(pems, [*ends, None], strict=True)
        )
    )


def _read_key(pem: SigningPem) -> SigningKey:
    return revoked_key(pem.pem) if pem.revoked else signing_key(pem.pem)
