"""Ids that the service makes: ordered by time, so that indexes grow at their end."""

import os
from base64 import b32encode
from datetime import datetime
from uuid import UUID


def time_ordered_id(at: datetime) -> UUID:
    """A UUID of version 7 (RFC 9562) for this moment."""
    milliseconds = int(at.timestamp() * 1000).to_bytes(6, "big")
    random = bytearray(os.urandom(10))
    random[0] = 0x70 | random[0] & 0x0F
    random[2] = 0x80 | random[2] & 0x3F
    return UUID(bytes=milliseconds + bytes(random))


def reference_of(referral_id: UUID) -> str:
    """The reference that people write and say: four groups of four, with nothing personal in it."""
    text = b32encode(referral_id.bytes[-10:]).decode()
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))
