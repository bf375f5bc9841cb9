"""How the messages of a case are divided into bundles, before any of them is opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.domain.evidence.bundle import LARGEST, MOST_MESSAGES

MOST_CONTENT = LARGEST // 4
"""Bytes of sealed content in a bundle, which stays below `LARGEST` with all that goes with it."""


@dataclass(frozen=True, slots=True)
class MessageSize:
    """A message that a bundle can hold: where it is read, and the bytes of its sealed content."""

    referral_id: UUID
    number: int
    """By the numbers of the agency for which the bundle is made."""
    id: UUID
    size: int


@dataclass(frozen=True, slots=True)
class BundlePart:
    """A run of the messages of one referral."""

    referral_id: UUID
    first: int
    last: int


def fits(messages: Sequence[MessageSize]) -> bool:
    """Whether one bundle can hold these messages. A single one always fits."""
    return _fit(len(messages), sum(message.size for message in messages))


def parts(messages: Sequence[MessageSize]) -> list[BundlePart]:
    """The parts, each of one bundle, in which messages come that one bundle cannot hold.

    Args:
        messages: by referral and number.
    """
    found: list[BundlePart] = []
    count = size = 0
    for message in messages:
        count, size = count + 1, size + message.size
        last = found[-1] if found else None
        if last and last.referral_id == message.referral_id and _fit(count, size):
            found[-1] = BundlePart(last.referral_id, last.first, message.number)
        else:
            found.append(BundlePart(message.referral_id, message.number, message.number))
            count, size = 1, message.size
    return found


def _fit(count: int, size: int) -> bool:
    return count <= 1 or (count <= MOST_MESSAGES and size <= MOST_CONTENT)
