"""Writes the message that opens a referral, with everything that follows from it."""

import hashlib
import hmac
import json
import os
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from fastapi import HTTPException, status
from sqlalchemy.exc import IntegrityError
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from bench.plain.models import (
    Agency,
    Case,
    Copy,
    Deadline,
    InboxItem,
    LogEntry,
    Mailbox,
    Message,
    Party,
    Referral,
    ReferralKey,
    Segment,
)
from bench.plain.schemas import DATA_CLASSES, Accepted, NewReferral
from bench.plain.sealing import new_key, open_sealed, seal
from bench.plain.settings import PlainSettings
from bench.plain.tokens import TokenClaims, sign_receipt

STATE = "candidate_notified"
CLASSES = {
    "institution": ["C0", "C1", "C2", "C3", "C4"],
    "probation_office": ["C0", "C1", "C2", "C3", "C4", "C5", "C6", "C7"],
}


async def accept(
    session: AsyncSession, settings: PlainSettings, new: NewReferral, caller: TokenClaims
) -> tuple[Accepted, bool]:
    """Write a message and commit, and give the answer and whether it was there before.

    Raises:
        HTTPException: 409 if another message has its id; 403 if the sender has no office.
    """
    first = await session.get(Message, new.id)
    if first is None:
        try:
            message = await write(session, settings, new, caller)
            await session.commit()
        except IntegrityError:  # sent twice at once, and the other was written
            await session.rollback()
            first = await session.get(Message, new.id)
            if first is None:
                raise
        else:
            return answer(message), False
    await check_repeat(session, settings, first, new, caller)
    return answer(first), True


async def write(
    session: AsyncSession, settings: PlainSettings, new: NewReferral, caller: TokenClaims
) -> Message:
    """Add all rows of a message to the session."""
    sender = await session.get(Agency, caller.agency)
    if sender is None or sender.office_id is None:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "this agency notifies no office")
    parties = {"institution": sender.id, "probation_office": sender.office_id}
    at = datetime.now(UTC)
    referral = Referral(
        id=new.id,
        flow="special_adjustment",
        state=STATE,
        opened_at=at,
        case=Case(opened_at=at),
        parties=[
            Party(agency_id=agency_id, name=name, classes=CLASSES[name], since=at)
            for name, agency_id in parties.items()
        ],
        deadlines=[
            Deadline(agency_id=agency_id, kind="release_on", due_on=new.body.sentence_end_date)
            for agency_id in parties.values()
        ],
    )
    contents = by_class(new)
    keys = {data_class: new_key() for data_class in contents}
    referral.keys = [
        ReferralKey(data_class=c, wrapped=seal(settings.master, key, new.id.bytes + c.encode()))
        for c, key in keys.items()
    ]
    segments = [seal_segment(new, c, fields, keys[c]) for c, fields in contents.items()]
    digest = message_digest(new, segments)
    entry_id = uuid4()
    claims = {
        "iss": settings.issuer,
        "iat": int(at.timestamp()),
        "message_id": str(new.id),
        "referral_id": str(new.id),
        "type": new.body.type,
        "agency_id": sender.id,
        "digest": digest,
        "accepted_at": at.isoformat(),
        "log_entry": str(entry_id),
    }
    message = Message(
        id=new.id,
        referral=referral,
        type=new.body.type,
        from_agency=sender.id,
        from_seat=caller.seat,
        urgency=new.urgency,
        legal_basis=new.legal_basis,
        occurred_on=new.occurred_on,
        accepted_at=at,
        state_after=STATE,
        digest=digest,
        receipt=sign_receipt(settings, claims),
        mac=mac(keys["C0"], new),
        segments=segments,
        copies=[
            Copy(
                agency_id=agency_id,
                party=name,
                classes=CLASSES[name],
                sent=agency_id == sender.id,
            )
            for name, agency_id in parties.items()
        ],
    )
    session.add(message)
    session.add(
        LogEntry(
            id=entry_id,
            at=at,
            kind="acceptance",
            agency_id=sender.id,
            seat_id=caller.seat,
            client_id=caller.sub,
            message=message,
            detail={"to": [sender.office_id], "digest": digest},
        )
    )
    await deliver(session, message, sender.office_id)
    return message


async def deliver(session: AsyncSession, message: Message, agency_id: str) -> None:
    """Put a message into an inbox, at the next position.

    The query writes first what was added before. The mailbox is locked until the commit.
    """
    locked = select(Mailbox).where(Mailbox.agency_id == agency_id).with_for_update()
    mailbox = (await session.exec(locked)).one()
    mailbox.head += 1
    session.add(
        InboxItem(
            agency_id=agency_id,
            position=mailbox.head,
            message=message,
            type=message.type,
            from_agency=message.from_agency,
            urgency=message.urgency,
            accepted_at=message.accepted_at,
        )
    )


async def check_repeat(
    session: AsyncSession,
    settings: PlainSettings,
    first: Message,
    new: NewReferral,
    caller: TokenClaims,
) -> None:
    """Check that a message is the one that was accepted under its id.

    Raises:
        HTTPException: it is another.
    """
    key = await session.get_one(ReferralKey, (first.referral_id, "C0"))
    opened = open_sealed(settings.master, key.wrapped, first.id.bytes + b"C0")
    same = hmac.compare_digest(first.mac, mac(opened, new))
    if not same or first.from_agency != caller.agency:
        raise HTTPException(status.HTTP_409_CONFLICT, "another message has this id")


def answer(message: Message) -> Accepted:
    """What is answered to the sender, at first and at every repeat."""
    return Accepted(
        referral_id=message.id,
        message_id=message.id,
        state=message.state_after,
        accepted_at=message.accepted_at,
        digest=message.digest,
        receipt=message.receipt,
        version='W/"1"',
        urgency=message.urgency,
    )


def by_class(new: NewReferral) -> dict[str, dict[str, Any]]:
    """The fields of the body, by their data class."""
    contents: dict[str, dict[str, Any]] = {}
    for name, value in new.body.model_dump(mode="json", exclude_none=True).items():
        contents.setdefault(DATA_CLASSES[name], {})[name] = value
    return contents


def seal_segment(new: NewReferral, data_class: str, fields: dict[str, Any], key: bytes) -> Segment:
    """A segment. The salt keeps its digest from being guessed."""
    content = canonical({**fields, "salt": os.urandom(16).hex()})
    sealed = seal(key, content, new.id.bytes + data_class.encode())
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    return Segment(data_class=data_class, digest=digest, sealed=sealed)


def message_digest(new: NewReferral, segments: list[Segment]) -> str:
    """The digest of the envelope and of the digests of all segments."""
    envelope = new.model_dump(mode="json", exclude={"body"})
    whole = {**envelope, "segments": {each.data_class: each.digest for each in segments}}
    return "sha256:" + hashlib.sha256(canonical(whole)).hexdigest()


def mac(key: bytes, new: NewReferral) -> bytes:
    """A keyed hash of the request."""
    return hmac.digest(key, canonical(new.model_dump(mode="json")), "sha256")


def canonical(value: dict[str, Any]) -> bytes:
    """JSON with sorted names."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
