"""Notices: how they are signed, and when the next attempt is due."""

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from uuid import UUID

PREFIX = "whsec_"

WAITS = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
    timedelta(hours=8),
    timedelta(hours=12),
    timedelta(hours=16),
    timedelta(hours=30),
)
"""The wait after each failed attempt: 13 attempts in three days and two hours."""
AFTERWARDS = timedelta(hours=4)
"""The wait when those are used up too early, because the receiver asked for shorter ones."""
AT_LEAST = timedelta(days=3)
"""For how long we go on, however many attempts that takes."""
CHALLENGES = 6
"""Attempts of one challenge, over three quarters of an hour: time to put the secret in place."""
JITTER = 0.2
"""The part of a wait that chance may add, so that what failed together is not retried together."""
SHORTEST_ASKED, LONGEST_ASKED = timedelta(seconds=5), timedelta(hours=12)
"""The bounds within which `Retry-After` is obeyed."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that is held for one attempt."""

    id: UUID
    webhook_id: UUID
    position: int
    """Of the inbox item; 0 for a test, -1 for a challenge."""
    payload: bytes
    number: int
    """Which attempt this is, counted from 1."""
    tries: int
    """Attempts that failed since it was last put in the queue."""
    since: datetime
    lease: datetime
    """Until when nobody else makes an attempt."""
    url: str
    secrets: tuple[bytes, ...]
    """The secret; while it is being changed, the old one too."""

    @property
    def is_of_inbox(self) -> bool:
        """Whether it tells of an inbox item. Others say nothing about the health of an endpoint."""
        return self.position > 0

    @property
    def is_challenge(self) -> bool:
        """Whether its receiver has to prove that it wants notices."""
        return self.position < 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """The result of an attempt: `outcome` is `delivered`, or the reason of the failure."""

    outcome: str
    status: int | None = None
    took_ms: int = 0
    answer: bytes | None = None
    """The first KiB of what was answered."""
    retry_after: str | None = None


def signed_headers(
    secrets: Iterable[bytes], notice_id: str, seconds: int, payload: bytes
) -> dict[str, str]:
    """The headers of a notice.

    Args:
        secrets: each signs; a receiver needs to know one of them.
        seconds: the moment of this attempt, since 1970.

    Source:
        Standard Webhooks 1.0.0, "Signature scheme" (symmetric, `v1`).
    """
    content = f"{notice_id}.{seconds}.".encode() + payload
    signatures = (b64encode(hmac.digest(s, content, sha256)).decode() for s in secrets)
    return {
        "webhook-id": notice_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def proof(secret: bytes, challenge: str) -> str:
    """What a receiver answers to a challenge: that it knows the secret, and so wants notices.

    The words in front keep the answer from being the signature of any notice.
    """
    content = f"webhook.challenge.{challenge}".encode()
    return b64encode(hmac.digest(secret, content, sha256)).decode()


def proves(answer: bytes | None, payload: bytes, secrets: Iterable[bytes]) -> bool:
    """Whether an answer to a challenge holds its proof, made with one of the secrets."""
    challenge = json.loads(payload)["data"]["challenge"]
    try:
        given = json.loads(answer or b"")["proof"].encode()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False
    return any(hmac.compare_digest(given, proof(s, challenge).encode()) for s in secrets)


def challenge_due(
    tries: int, since: datetime, at: datetime, chance: float, outcome: str
) -> datetime | None:
    """When to send a challenge again, after an attempt that failed.

    Returns:
        None when it was sent `CHALLENGES` times, or the receiver said that it is gone.
    """
    if tries >= CHALLENGES or outcome == "gone":
        return None
    return next_due(tries, since, at, chance, None)


def secret_text(secret: bytes) -> str:
    """A secret as it is shown to whoever will verify with it."""
    return PREFIX + b64encode(secret).decode()


def secret_bytes(text: str) -> bytes:
    """The secret of a text that `secret_text` made."""
    return b64decode(text.removeprefix(PREFIX))


def next_due(
    tries: int, since: datetime, at: datetime, chance: float, asked: timedelta | None
) -> datetime | None:
    """When to try again, after an attempt that failed.

    Args:
        tries: failed attempts so far, this one included.
        since: when the notice was put in the queue.
        chance: a random number from 0 to 1.
        asked: the wait that the receiver asked for, within our bounds.

    Returns:
        None when the schedule is used up.
    """
    if tries > len(WAITS) and at - since >= AT_LEAST:
        return None
    if asked is not None:
        return at + asked
    wait = WAITS[tries - 1] if tries <= len(WAITS) else AFTERWARDS
    return at + wait * (1 + JITTER * chance)


def asked_wait(retry_after: str | None, now: datetime) -> timedelta | None:
    """The wait that a `Retry-After` asks for, brought within our bounds.

    Args:
        now: the real time, to which a date in it refers.
    """
    if retry_after is None:
        return None
    text = retry_after.strip()
    try:
        if text.isascii() and text.isdigit():
            wait = timedelta(seconds=int(text[:9]))
        else:
            wait = parsedate_to_datetime(text) - now
    except (ValueError, TypeError):
        return None
    return min(max(wait, SHORTEST_ASKED), LONGEST_ASKED)
