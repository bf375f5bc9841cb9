"""Ids that the service makes: ordered by time, so that indexes grow at their end."""

from base64 import b32encode
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from uuid_utils import uuid7


def time_ordered_id(at: datetime) -> UUID:
    """A UUID of version 7 (RFC 9562) for this moment."""
    return UUID(int=uuid7(nanoseconds=int(at.timestamp() * 1000) * 1_000_000).int)


def reference_of(referral_id: UUID) -> str:
    """The reference for people to write and say: four groups of four, with nothing personal."""
    text = b32encode(referral_id.bytes[-10:]).decode()
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))


def mark_of(an_id: UUID) -> str:
    """What stands for an id on paper: four groups of four, always the same for the same id.

    No route takes it, and the id cannot be found from it, so whoever holds the paper holds no id.
    """
    text = b32encode(sha256(b"tsunagu mark" + an_id.bytes).digest()[:10]).decode()
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))
