"""What can be made of a dump: with the keys of before everything, after an erasure nothing."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.adapters.acts.acts import Acts, Proposal
from app.adapters.embedded_postgres.cluster import binaries
from app.adapters.ids import time_ordered_id
from app.adapters.inbox.bell import Bell
from app.adapters.keys.vault import Vault, binding, decrypt
from app.domain.keys.ports import CannotOpen, MasterMissing, WrappedKey
from app.domain.messages.payloads.samples import SUBJECT
from app.main import EFFECTS
from tests.support.callers import caller_with, seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, PRISON, TO_ASSESSING

MARK = "消去確認印"
BYTES = re.compile(rb"\\\\x([0-9a-f]+)")
KEY, WRAPPED = 32, 12 + 32 + 16
"""Bytes of a key, and of a wrapped one: with nonce and tag."""


@dataclass(frozen=True)
class Sealed:
    """A segment, with what it is bound to."""

    message: UUID
    data_class: str
    content: bytes


class Burglar:
    """Has a dump, perhaps the master keys too, and tries every value in it as a key."""

    def __init__(self, dumped: bytes, vault: Vault | None) -> None:
        self._values = {bytes.fromhex(digits.decode()) for digits in BYTES.findall(dumped)}
        self._vault = vault

    async def opens(self, referral: UUID, segments: list[Sealed]) -> bytes:
        """All that can be unsealed of these segments, which must be in the dump."""
        assert {s.content for s in segments} <= self._values
        raw = [value for value in self._values if len(value) == KEY]
        by_class = {
            c: [*raw, *[k async for k in self._unwrapped(referral, c)]]
            for c in {s.data_class for s in segments}
        }
        return b"".join(_decrypted(s, key) for s in segments for key in by_class[s.data_class])

    async def _unwrapped(self, referral: UUID, data_class: str) -> AsyncIterator[bytes]:
        if self._vault is None:
            return
        for value in (v for v in self._values if len(v) == WRAPPED):
            try:
                (key,) = await self._vault.unwrap([(referral, data_class, WrappedKey(1, value))])
            except (CannotOpen, MasterMissing):
                continue
            yield key


def _decrypted(segment: Sealed, key: bytes) -> bytes:
    try:
        aad = binding(segment.message, segment.data_class)
        return decrypt(AESGCM(key), segment.content, aad)
    except CannotOpen:
        return b""


async def dump(office: Office) -> bytes:
    """The whole database, as pg_dump writes it; segments and keys are hex in it."""
    process = await asyncio.create_subprocess_exec(
        str(binaries() / "pg_dump"), office.urls.owner, stdout=asyncio.subprocess.PIPE
    )
    content, _ = await process.communicate()
    assert process.returncode == 0
    return content


@pytest.fixture
async def marked_referral(office: Office) -> UUID:
    """A closed referral with a name that can be looked for."""
    subject = {**SUBJECT, "family_name": MARK}
    opening = saying("special_adjustment.notify_candidate", None, {"subject": subject})
    await office.exchange.accept(opening, seat(PRISON))
    for agency, event in TO_ASSESSING:
        changes = {"subject": subject} if event == "request_cooperation" else {}
        message = saying(f"special_adjustment.{event}", opening.id, changes)
        await office.exchange.accept(message, seat(agency))
    close = saying("special_adjustment.close", opening.id, {"close_reason": "family_took_over"})
    await office.exchange.accept(close, seat(CENTER))
    return opening.id


async def segments_of(owner: asyncpg.Pool, referral: UUID) -> list[Sealed]:
    rows = await owner.fetch(
        "SELECT s.message_id, s.class, s.sealed FROM segment s JOIN message m"
        " ON m.id = s.message_id WHERE m.referral_id = $1",
        referral,
    )
    return [Sealed(*row) for row in rows]


async def test_no_dump_tells_what_was_erased_but_an_old_one_with_the_key_store(
    office: Office, marked_referral: UUID
) -> None:
    segments, mark = await segments_of(office.owner, marked_referral), MARK.encode()
    vault = office.reading._vault
    before = await dump(office)
    acts = Acts(office.pool, office.clock, Bell(office.pool, office.urls.api), EFFECTS)
    operator = seat("prefecture-13", "operator")
    detail = {"reason": "court_order", "classes": None}
    act_id = time_ordered_id(office.clock())
    proposal = Proposal(act_id, "erase.ordered", str(marked_referral), detail)
    await acts.propose(operator, proposal)
    act = await acts.approve(caller_with(operator, seat_id="prefecture-13.another"), act_id)
    after = await dump(office)

    for dumped in (before, after):
        assert mark not in dumped
        assert mark not in b"".join(bytes.fromhex(f.decode()) for f in BYTES.findall(dumped))
    # The old dump opens for whoever has the master keys: until it is destroyed, and so the record
    # of the erasure names a later day.
    assert await Burglar(before, vault).opens(marked_referral, segments) != b""
    assert mark in await Burglar(before, vault).opens(marked_referral, segments)
    assert await Burglar(before, None).opens(marked_referral, segments) == b""
    assert await Burglar(after, vault).opens(marked_referral, segments) == b""
    assert act.decided_at is not None
    assert act.outcome["complete_on"] > act.decided_at.date().isoformat()
