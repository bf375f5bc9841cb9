"""A decision as PostgreSQL takes it: every row that follows, its segments already sealed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from app.adapters.consents.rows import consent_rows, withdrawal_entry
from app.adapters.erasure.clock_rows import write_clocks
from app.adapters.ids import reference_of, time_ordered_id
from app.adapters.keys.vault import Keyring, Segment, StoredKeys, Vault
from app.adapters.log.entry import LogEntry, log_entry
from app.adapters.referrals.case_rows import write_view
from app.domain.access.caller import Caller
from app.domain.cases.case import SYSTEM, Referral
from app.domain.classes import DataClass
from app.domain.decisions.decision import Copy, Decision, Move
from app.domain.decisions.receipt import Signer
from app.domain.decisions.references import showings
from app.domain.deliveries.terms import terms
from app.domain.directory.agencies import Directory
from app.domain.erasure.objections import BACKUP_AGE, complete_on
from app.domain.flows import FLOWS
from app.domain.messages.digest import canonical, message_digest, segments, wire_time
from app.domain.messages.message import Message


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender is told, the first time and at every repeat."""

    referral_id: UUID
    message_id: UUID
    state: str
    accepted_at: datetime
    digest: str
    receipt: str
    version: str


@dataclass(slots=True)
class Written:
    """The arguments of the function `accept`, in its order, and the answer to give."""

    answer: Answer
    rows: dict[str, Any]
    keyrings: list[Keyring] = field(default_factory=list)
    segments: list[tuple[UUID, Segment]] = field(default_factory=list)

    def arguments(self) -> tuple[Any, ...]:
        """What `accept` takes."""
        keys = [
            (r.referral_id, c, k.master, k.wrapped)
            for r in self.keyrings
            for c, k in r.made.items()
        ]
        sealed = [(m, s.data_class.value, s.sealed) for m, s in self.segments]
        return (orjson.dumps(self.rows).decode(), *_columns(keys, 4), *_columns(sealed, 3))


@dataclass(frozen=True, slots=True)
class Recorder:
    """Turns decisions into rows."""

    vault: Vault
    signer: Signer
    issuer: str
    seal_within: timedelta = timedelta(hours=1)
    """By when the log's entry of a message is in the tree: its receipt says so."""
    backup_age: timedelta = BACKUP_AGE
    """How long backups hold a key after it was erased."""

    async def write(
        self,
        decision: Decision,
        message: Message,
        caller: Caller,
        keys: StoredKeys,
        directory: Directory,
        at: datetime,
        expected: int | None,
    ) -> Written:
        """All rows of a decision.

        Args:
            keys: the stored keys of each referral of the case.
            expected: the version that the case must still have; None for a new case.

        Raises:
            KeyServiceAway: the keys cannot be had.
        """
        ids = [message.id, *(time_ordered_id(at) for _ in decision.moves[1:])]
        contents = [segments(message.body), *(segments(m.body) for m in decision.moves[1:])]
        rings = await self.vault.keyrings(_needed(decision, contents), keys)
        cuts = [
            rings[move.referral.id].seal(message_id, fields)
            for move, message_id, fields in zip(decision.moves, ids, contents, strict=True)
        ]
        sealed = [
            self._sealed(move, message_id, cut, decision, caller, message, at)
            for move, message_id, cut in zip(decision.moves, ids, cuts, strict=True)
        ]
        head = sealed[0]
        entries = [time_ordered_id(at) for _ in decision.moves]
        view = decision.caller.view
        answer = Answer(
            message.referral_id,
            message.id,
            view.state,
            at,
            head["digest"],
            self._receipt(head, decision, str(entries[0]), at),
            view.version,
        )
        mac = rings[message.referral_id].mac(sent_content(message, contents[0]))
        sealed[0] |= {"receipt": answer.receipt, "mac": mac.hex()}
        segmented = [(i, s) for i, cut in zip(ids, cuts, strict=True) for s in cut]
        rows = {
            "at": at.isoformat(),
            "case": {"id": str(decision.case.id), "expected": expected, "lead": decision.case.lead},
            "referrals": list(_referrals(decision)),
            "parties": list(_parties(decision)),
            "messages": sealed,
            "copies": list(_copies(decision, message, ids)),
            "items": list(_items(decision, head["urgency"], ids, directory)),
            "log": [
                entry.row()
                for entry in (
                    *_log(decision, message, caller, ids, sealed, entries, at),
                    *_shares(decision, message, caller, at),
                    *withdrawal_entry(decision, message, caller, directory, at),
                )
            ],
            "terms": list(_terms(decision, message, caller, ids, at)),
            **_consequences(decision, message, caller, at),
        }
        if message.shared_messages:
            rows["shown"] = list(_shown(decision, message, caller))
        if decision.erases:
            # The keys made for this very message are destroyed with all others of the referral.
            rows["erased"] = {
                "referral_id": str(message.referral_id),
                "complete_on": complete_on(at, self.backup_age).isoformat(),
            }
        return Written(answer, rows, list(rings.values()), segmented)

    def _sealed(
        self,
        move: Move,
        message_id: UUID,
        cut: list[Segment],
        decision: Decision,
        caller: Caller,
        message: Message,
        at: datetime,
    ) -> dict[str, Any]:
        digests = {s.data_class: s.digest for s in cut}
        own = move is decision.moves[0]
        sender = decision.sender if own else None
        seat = caller.seat_id if own and decision.keyed_by is None else None
        basis = message.legal_basis if own else None
        occurred = message.occurred_on if own else at.date()
        envelope = {
            "id": str(message_id),
            "referral_id": str(move.referral.id),
            "type": move.body.type,
            "from": {"agency_id": sender.agency_id if sender else None, "seat_id": seat},
            "occurred_on": occurred.isoformat(),
            "legal_basis": basis,
            "accepted_at": wire_time(at),
        }
        return {
            "id": str(message_id),
            "referral_id": str(move.referral.id),
            "type": move.body.type,
            "from_party": sender.name if sender else SYSTEM,
            "from_agency": sender.agency_id if sender else None,
            "from_seat": seat,
            "caller_agency": caller.agency_id if own else None,
            "recipients": [
                {"party": c.party, "agency_id": c.agency_id} for c in move.copies if c.waits
            ],
            "occurred_on": occurred.isoformat(),
            "legal_basis": basis,
            "urgency": message.urgency_on(at.date()),
            "in_reply_to": _text(message.in_reply_to) if own else None,
            "corrects": _text(message.corrects) if own else None,
            "consent_ids": [str(i) for i in sorted(message.rests_on())] if own else [],
            "facts": sorted(move.facts),
            "paper_origin": _paper(message, caller) if own else None,
            "digest": message_digest(envelope, digests),
            "class_digests": {c.value: d for c, d in digests.items()},
            "state_after": decision.caller.view.state if own else move.referral.state,
            "version_after": decision.caller.view.version if own else "",
        }

    def _receipt(
        self, head: Mapping[str, Any], decision: Decision, entry: str, at: datetime
    ) -> str:
        claims = {
            "iss": self.issuer,
            "iat": int(at.timestamp()),
            "message_id": head["id"],
            "referral_id": head["referral_id"],
            "type": head["type"],
            "agency_id": decision.caller.agency_id,
            "digest": head["digest"],
            "accepted_at": wire_time(at),
            "log_entry": entry,
            "sealed_by": wire_time(at + self.seal_within),
        }
        return self.signer.sign(orjson.dumps(claims))


def _needed(
    decision: Decision, contents: Iterable[Mapping[DataClass, bytes]]
) -> dict[UUID, list[str]]:
    """The classes whose keys each referral needs: C0 always, for the keyed hash."""
    needed: dict[UUID, list[str]] = {}
    for move, fields in zip(decision.moves, contents, strict=True):
        needed.setdefault(move.referral.id, [DataClass.C0]).extend(fields)
    return needed


def sent_content(message: Message, fields: Mapping[DataClass, bytes]) -> Iterator[bytes]:
    """What a repeat must say again to the letter: the envelope and the fields of the body."""
    paper = message.paper_origin
    envelope = {
        "referral_id": str(message.referral_id),
        "type": message.body.type,
        "to": dict(message.to),
        "occurred_on": message.occurred_on.isoformat(),
        "legal_basis": message.legal_basis,
        "urgency": message.urgency,
        "consent_ids": [str(i) for i in message.consent_ids],
        "in_reply_to": _text(message.in_reply_to),
        "corrects": _text(message.corrects),
        "parent": _text(message.parent),
        "shared_messages": [str(i) for i in message.shared_messages],
        "paper_origin": [str(paper.received_on), paper.medium, paper.scan_sha256]
        if paper
        else None,
    }
    yield canonical(envelope)
    for data_class, content in sorted(fields.items()):
        yield data_class.encode() + content


def _referrals(decision: Decision) -> Iterator[dict[str, Any]]:
    for referral in _touched(decision):
        erased = decision.erases and referral.id == decision.moves[0].referral.id
        yield {
            "id": str(referral.id),
            "flow": referral.flow,
            "reference": reference_of(referral.id),
            "state": referral.state,
            "back": list(referral.back),
            "facts": dict(referral.facts),
            "parent_id": _text(referral.parent),
            "erased_reason": "refused" if erased else None,
        }


def _parties(decision: Decision) -> Iterator[dict[str, Any]]:
    for referral in _touched(decision):
        roles = FLOWS[referral.flow].parties
        for party in referral.parties:
            yield {
                "referral_id": str(referral.id),
                "agency_id": party.agency_id,
                "name": party.name,
                "classes": sorted(roles[party.name].classes),
                "by_consent": roles[party.name].by_consent,
                "since": party.since.isoformat(),
                "until": party.until.isoformat() if party.until else None,
                "flow": referral.flow,
                "view": write_view(party.view),
            }


def _copies(decision: Decision, message: Message, ids: list[UUID]) -> Iterator[dict[str, Any]]:
    for move, message_id in zip(decision.moves, ids, strict=True):
        for copy in move.copies:
            yield _copy(copy, message_id, move.referral.id)
    parent = message.parent or decision.case.referrals[message.referral_id].parent
    for message_id, copies in decision.shared.items():
        origin = decision.case.references[message_id].referral_id if parent else message.referral_id
        yield from (_copy(copy, message_id, origin, sent=False) for copy in copies)


def _shown(decision: Decision, message: Message, caller: Caller) -> Iterator[dict[str, Any]]:
    flow, move = FLOWS[message.flow], decision.moves[0]
    for shown_id, copy, classes in showings(decision.case, flow, message, move, caller.agency_id):
        yield {
            "message_id": str(message.id),
            "agency_id": copy.agency_id,
            "shown_id": str(shown_id),
            "party": copy.party,
            "classes": sorted(classes),
        }


def _copy(copy: Copy, message_id: UUID, sent_in: UUID, sent: bool | None = None) -> dict[str, Any]:
    rests_on = {"rests_on": sorted(map(str, copy.rests_on))} if copy.rests_on else {}
    return {
        **rests_on,
        "agency_id": copy.agency_id,
        "message_id": str(message_id),
        "referral_id": str(copy.referral_id),
        "message_referral_id": str(sent_in),
        "party": copy.party,
        "number": copy.number,
        "classes": sorted(copy.classes),
        "sent": not copy.waits if sent is None else sent,
    }


def _items(
    decision: Decision, urgency: str, ids: list[UUID], directory: Directory
) -> Iterator[dict[str, Any]]:
    for move, message_id in zip(decision.moves, ids, strict=True):
        own = move is decision.moves[0]
        for copy in move.copies:
            if not copy.waits:
                continue
            agency = directory.agency(copy.agency_id)
            yield {
                "agency_id": copy.agency_id,
                "kind": "message",
                "referral_id": str(move.referral.id),
                "message_id": str(message_id),
                "type": move.body.type,
                "from_party": decision.sender.name if own else SYSTEM,
                "from_agency": decision.sender.agency_id if own else None,
                "urgency": urgency,
                "to_print": agency is not None and not agency.connected,
            }


def _terms(
    decision: Decision, message: Message, caller: Caller, ids: list[UUID], at: datetime
) -> Iterator[dict[str, Any]]:
    """By when each message has to be acknowledged; nobody is asked who sees it only as sender."""
    for move, message_id in zip(decision.moves, ids, strict=True):
        if not any(copy.waits for copy in move.copies):
            continue
        due = terms(move.body.type, message.urgency_on(at.date()), at)
        yield {
            "message_id": str(message_id),
            "sender": caller.agency_id if move is decision.moves[0] else None,
            "overdue_at": due.overdue_at.isoformat(),
            "failed_at": due.failed_at.isoformat(),
        }


def _log(
    decision: Decision,
    message: Message,
    caller: Caller,
    ids: list[UUID],
    sealed: list[dict[str, Any]],
    entries: list[UUID],
    at: datetime,
) -> Iterator[LogEntry]:
    for move, message_id, row, entry in zip(decision.moves, ids, sealed, entries, strict=True):
        own = move is decision.moves[0]
        # Whom, not in which classes: what consent let one be given is not for the others.
        told = sorted(c.agency_id for c in move.copies if c.waits)
        # A refusal by a detained person must look like any other acceptance: hence no type here.
        detail: dict[str, Any] = {"digest": row["digest"], "to": told}
        if own and message.paper_origin is not None:
            detail["paper"] = message.paper_origin.medium
        yield log_entry(
            at,
            "acceptance",
            detail,
            caller if own else None,
            {c.agency_id for c in move.copies} | ({caller.agency_id} if own else set()),
            entry_id=entry,
            case_id=decision.case.id,
            referral_id=move.referral.id,
            message_id=message_id,
        )


def _shares(
    decision: Decision, message: Message, caller: Caller, at: datetime
) -> Iterator[LogEntry]:
    """One entry for each older message and each agency that is given it.

    The entry of its acceptance does not name them, and neither its sender nor they need know of
    each other: this one is what proves the message to them. Whoever had it already gets one too,
    or else the sharer could tell.
    """
    flow, move = FLOWS[message.flow], decision.moves[0]
    for message_id, copy, _ in showings(decision.case, flow, message, move, caller.agency_id):
        digest = decision.case.references[message_id].digest
        yield log_entry(
            at,
            "sharing",
            {"digest": digest, "to": [copy.agency_id]},
            caller,
            (caller.agency_id, copy.agency_id),
            case_id=decision.case.id,
            referral_id=message.referral_id,
            message_id=message_id,
        )


def _consequences(
    decision: Decision, message: Message, caller: Caller, at: datetime
) -> dict[str, Any]:
    found: dict[str, Any] = dict(consent_rows(decision, message, caller, at))
    found |= _deadlines(decision)
    if decision.clocks:
        found["clocks"] = write_clocks(decision.clocks)
    if cell := message.body.settlement():
        found["settlement"] = {
            "center_id": decision.sender.agency_id,
            "fiscal_year": cell.fiscal_year,
            "category": cell.category,
            "age_bracket": cell.age_bracket,
            "residence_kind": cell.residence_kind,
        }
    return found


def _deadlines(decision: Decision) -> dict[str, Any]:
    # The last word of a decision on a day counts, and each row may be written only once.
    days = {
        (str(move.referral.id), agency_id, kind): due_on
        for move in decision.moves
        for (agency_id, kind), due_on in move.deadlines().items()
    }
    rows: dict[str, list[dict[str, str]]] = {}
    for (referral_id, agency_id, kind), due_on in days.items():
        row = {"referral_id": referral_id, "agency_id": agency_id, "kind": kind}
        if due_on is None:
            rows.setdefault("lifted", []).append(row)
        else:
            rows.setdefault("deadlines", []).append({**row, "due_on": due_on.isoformat()})
    return rows


def _touched(decision: Decision) -> Iterator[Referral]:
    """Each referral that a move touched, once, as it stands at the end; parents come first."""
    seen = {move.referral.id for move in decision.moves}
    yield from (r for r in decision.case.referrals.values() if r.id in seen)


def _paper(message: Message, caller: Caller) -> dict[str, Any] | None:
    origin = message.paper_origin
    if origin is None:
        return None
    return {
        "received_on": origin.received_on.isoformat(),
        "medium": origin.medium,
        "scan_sha256": origin.scan_sha256,
        "keyed_by": {"agency_id": caller.agency_id, "seat_id": caller.seat_id},
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _columns(rows: list[tuple[Any, ...]], width: int) -> tuple[list[Any], ...]:
    return tuple([row[i] for row in rows] for i in range(width))
