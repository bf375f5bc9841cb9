"""The keys that sign: which one signs now, which ones still verify, and how they change."""

import logging
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.auth.jwt import SigningKey, VerifyingKey, revoked_key, signing_key
from app.domain.keys.ports import SigningPem, SigningPems

log = logging.getLogger(__name__)

PUBLISHED_BEFORE = timedelta(minutes=10)
"""How long a new key is published before it signs: twice what others may cache our JWKS."""

OVERLAP = timedelta(minutes=70)
"""How long tokens of a replaced key are still believed: longer than any of them may live. To stop
them at once, revoke the key."""

_LOOK_EVERY = 1.0
"""Seconds between two looks at the folder."""


class Use(StrEnum):
    """What a key is used for at a moment."""

    NEXT = "next"
    SIGNING = "signing"
    VERIFYING = "verifying"
    RECEIPTS = "receipts"


@dataclass(frozen=True, slots=True)
class RingKey:
    """A key, from when it signs, and from when a newer one does so in its place."""

    key: SigningKey
    signs_from: datetime
    signs_until: datetime | None
    revoked: bool = False

    def use(self, at: datetime) -> Use:
        """What this key is used for; one that only verified tokens verifies receipts for ever."""
        if self.revoked:
            return Use.RECEIPTS
        if self.signs_until is None or at < self.signs_until:
            return Use.SIGNING if at >= self.signs_from else Use.NEXT
        return Use.VERIFYING if at < self.signs_until + OVERLAP else Use.RECEIPTS


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All signing keys at one moment of the folder, the oldest first; one at least can sign."""

    keys: tuple[RingKey, ...]

    def signing(self, at: datetime) -> SigningKey:
        """The key that signs at `at`; the oldest, if the clock stands before all of them."""
        good = [held for held in self.keys if not held.revoked]
        for held in reversed(good):
            if held.signs_from <= at:
                return held.key
        return good[0].key

    def for_token(self, kid: object, at: datetime) -> VerifyingKey | None:
        """The key `kid`, while a token signed with it can be alive."""
        for held in self.keys:
            if held.key.verifying.kid == kid and held.use(at) is not Use.RECEIPTS:
                return held.key.verifying
        return None

    def for_receipt(self, kid: object) -> VerifyingKey | None:
        """The key `kid`, however old: a receipt is shown years later."""
        return next((k.key.verifying for k in self.keys if k.key.verifying.kid == kid), None)

    def jwks(self) -> dict[str, Any]:
        """The public halves of all keys, also of the next and of those that only receipts need."""
        return {"keys": [held.key.verifying.jwk() for held in self.keys]}


class SigningKeys:
    """The key ring, read again in the running process when the folder changes."""

    def __init__(self, source: SigningPems, ticks: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._ticks = ticks
        self._mark: Hashable = source.mark()
        self._ring = _read(source)
        self._looked = ticks()

    def ring(self) -> KeyRing:
        """The keys as they lay in the folder at most a second ago."""
        if (tick := self._ticks()) - self._looked >= _LOOK_EVERY:
            self._looked = tick
            self._look()
        return self._ring

    def _look(self) -> None:
        try:
            if (mark := self._source.mark()) != self._mark:
                self._ring = _read(self._source)
                self._mark = mark
        except (OSError, ValueError):
            # A half-copied or unreadable key must not stop a service that has good ones.
            log.exception("the signing keys cannot be read again; the ones in use stay")


def _read(source: SigningPems) -> KeyRing:
    pems = source.signing()
    if all(pem.revoked for pem in pems):
        raise ValueError("there is no signing key")
    until = [pem.signs_from for pem in pems[1:]]
    return KeyRing(
        tuple(
            RingKey(_read_key(pem), pem.signs_from, end, pem.revoked)
            for pem, end in zip(pems, [*until, None], strict=True)
        )
    )


def _read_key(pem: SigningPem) -> SigningKey:
    return revoked_key(pem.pem) if pem.revoked else signing_key(pem.pem)
