"""The arguments of the database function `accept`: every row of a decision, and sealed segments."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from app.adapters.consents.rows import consent_rows, withdrawal_entries
from app.adapters.database.shares import in_turns
from app.adapters.deliveries.rows import term_rows
from app.adapters.disclosures.rows import showing_rows
from app.adapters.erasure.rows import erasure_rows
from app.adapters.ids import time_ordered_id
from app.adapters.inbox.rows import inbox_rows
from app.adapters.keys.vault import Keyring, Segment, StoredKeys, Vault
from app.adapters.referrals.case_rows import case_rows
from app.adapters.referrals.facts import (
    NOTHING_OPENED,
    OpenedFacts,
    classes_to_seal,
    seal_facts,
)
from app.adapters.referrals.message_rows import (
    acceptance_entries,
    content_to_repeat,
    copy_rows,
    message_rows,
    sharing_entries,
)
from app.adapters.referrals.rows import day_counts, deadline_rows, settlement_rows
from app.domain.classes import DataClass
from app.domain.decisions.acceptance import Acceptance
from app.domain.decisions.decision import Decision
from app.domain.decisions.receipt import Signer
from app.domain.decisions.submission import Submission
from app.domain.erasure.objections import BACKUP_AGE
from app.domain.messages.digest import segments, wire_time


@dataclass(frozen=True, slots=True)
class AcceptanceAnswer:
    """What is answered to the sender of an accepted message, and at every repeat of it."""

    referral_id: UUID
    message_id: UUID
    state: str
    accepted_at: datetime
    digest: str
    receipt: str
    version: str
    urgency: str
    """As it is carried, which may be more than was sent."""


@dataclass(frozen=True, slots=True)
class DecidedMessage:
    """A message that is to be written: what was decided on it, and what its case had before."""

    submission: Submission
    decision: Decision
    keys: StoredKeys
    """The stored keys of each referral of the case."""
    expected: int | None
    """The version that the case must still have; None for a new case."""
    opened: OpenedFacts = NOTHING_OPENED
    """The facts of the case that were opened."""


@dataclass(slots=True)
class WrittenMessage:
    """The rows of one message, as `accept` takes them, and the answer to give."""

    answer: AcceptanceAnswer
    rows: dict[str, Any]
    keyrings: list[Keyring]
    segments: list[tuple[UUID, Segment]]

    @property
    def recipients(self) -> set[str]:
        """The agencies whose inboxes get an item."""
        return {item["agency_id"] for item in self.rows["items"] if "kind" in item}

    @property
    def touches_older_messages(self) -> bool:
        """Whether it changes more than its own case's newest rows: then it is written alone."""
        return not WRITTEN_ALONE.isdisjoint(self.rows)


WRITTEN_ALONE = frozenset({"shared", "shown", "erased", "consent", "vouched", "withdrawn"})


def accept_arguments(written: Sequence[WrittenMessage]) -> tuple[str, bytes]:
    """The arguments of the database function `accept`, for one message or several.

    Lists of rows are joined, each row with the number of its message (`nth`). Wrapped keys and
    sealed segments are one byte string, and their rows say where each is in it.
    """
    joined: dict[str, Any] = {}
    stored = _StoredBytes()
    for nth, message in enumerate(written, start=1):
        rows = {**message.rows, **stored.rows_of(message)}
        for name, value in rows.items():
            if isinstance(value, list):
                for row in value:
                    row["nth"] = nth
                joined.setdefault(name, []).extend(value)
            else:
                joined[name] = value
    return orjson.dumps(joined).decode(), b"".join(stored.parts)


class _StoredBytes:
    """The byte string of keys and segments, while it is put together."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._next = 1  # PostgreSQL counts places from 1

    def rows_of(self, message: WrittenMessage) -> dict[str, list[dict[str, Any]]]:
        keys = [
            {
                "referral_id": str(ring.referral_id),
                "class": data_class,
                "master": key.master,
                **self._place(key.wrapped),
            }
            for ring in message.keyrings
            for data_class, key in ring.new_keys.items()
        ]
        sealed = [
            {"message_id": str(message_id), "class": s.data_class.value, **self._place(s.sealed)}
            for message_id, s in message.segments
        ]
        return {"keys": keys, "segments": sealed}

    def _place(self, content: bytes) -> dict[str, int]:
        place, self._next = self._next, self._next + len(content)
        self.parts.append(content)
        return {"place": place, "length": len(content)}


@dataclass(slots=True)
class _Draft:
    """A message of which everything is known but the keys."""

    decided: DecidedMessage
    acceptance: Acceptance
    contents: Sequence[Mapping[DataClass, bytes]]
    case_rows: dict[str, Any]
    classes: dict[UUID, list[str]]
    """The classes whose keys each referral needs."""


@dataclass(frozen=True, slots=True)
class DecisionWriter:
    """Turns decisions into rows. Each subject makes its own rows; this collects them."""

    vault: Vault
    signer: Signer
    issuer: str
    seal_within: timedelta = timedelta(hours=1)
    """How soon the log entry of a message is in the tree; a receipt says by when."""
    backup_age: timedelta = BACKUP_AGE
    """How long backups hold a key after it was erased."""

    async def write(self, decided: Sequence[DecidedMessage]) -> list[WrittenMessage]:
        """All rows of these decisions, each on a case of its own. Keys are asked for once.

        Raises:
            KeyServiceAway: the key service does not answer.
        """
        drafts = [_draft(each) for each in decided]
        keyrings = await self.vault.keyrings(
            {r: classes for draft in drafts for r, classes in draft.classes.items()},
            {r: keys for each in decided for r, keys in each.keys.items()},
            {name: key for each in decided for name, key in each.opened.keys.items()},
        )
        return [
            self._write_one(draft, {r: keyrings[r] for r in draft.classes})
            async for draft in in_turns(drafts)
        ]

    def _write_one(self, draft: _Draft, keyrings: Mapping[UUID, Keyring]) -> WrittenMessage:
        acceptance, contents = draft.acceptance, draft.contents
        seal_facts(draft.case_rows, _keys_of(keyrings), draft.decided.opened)
        sealed = [
            keyrings[move.referral.id].seal(message_id, fields)
            for (move, message_id), fields in zip(acceptance.messages(), contents, strict=True)
        ]
        messages = message_rows(acceptance, sealed)
        entry_ids = [time_ordered_id(acceptance.at) for _ in acceptance.decision.moves]
        answer = self._answer(acceptance, messages[0], entry_ids[0])
        message = acceptance.message
        mac = keyrings[message.referral_id].mac(content_to_repeat(message, contents[0]))
        messages[0] |= {"receipt": answer.receipt, "mac": mac.hex()}
        rows = {
            **draft.case_rows,
            "messages": messages,
            **self._effect_rows(acceptance),
            "log": _log_rows(acceptance, messages, entry_ids),
        }
        segment_rows = [
            (message_id, segment)
            for message_id, parts in zip(acceptance.ids, sealed, strict=True)
            for segment in parts
        ]
        return WrittenMessage(answer, rows, list(keyrings.values()), segment_rows)

    def _effect_rows(self, acceptance: Acceptance) -> dict[str, Any]:
        """The rows that follow from the messages: copies, items, terms, consents and so on."""
        return {
            **copy_rows(acceptance),
            **inbox_rows(acceptance),
            **term_rows(acceptance),
            **consent_rows(acceptance),
            **deadline_rows(acceptance),
            **settlement_rows(acceptance),
            **showing_rows(acceptance),
            **day_counts(acceptance),
            **erasure_rows(acceptance, self.backup_age),
        }

    def _answer(
        self, acceptance: Acceptance, message_row: Mapping[str, Any], entry_id: UUID
    ) -> AcceptanceAnswer:
        """The answer to the sender, with the receipt of the first message."""
        view = acceptance.decision.caller.view
        return AcceptanceAnswer(
            acceptance.message.referral_id,
            acceptance.message.id,
            view.state,
            acceptance.at,
            message_row["digest"],
            self._receipt(acceptance, message_row, entry_id),
            view.version,
            acceptance.urgency,
        )

    def _receipt(
        self, acceptance: Acceptance, message_row: Mapping[str, Any], entry_id: UUID
    ) -> str:
        """A signed receipt (JWS) for the message of this row and its log entry."""
        at = acceptance.at
        claims = {
            "iss": self.issuer,
            "iat": int(at.timestamp()),
            "message_id": message_row["id"],
            "referral_id": message_row["referral_id"],
            "type": message_row["type"],
            "agency_id": acceptance.decision.caller.agency_id,
            "digest": message_row["digest"],
            "accepted_at": wire_time(at),
            "log_entry": str(entry_id),
            "sealed_by": wire_time(at + self.seal_within),
        }
        return self.signer.sign(orjson.dumps(claims))


def _draft(decided: DecidedMessage) -> _Draft:
    decision = decided.decision
    acceptance = _acceptance(decided.submission, decision)
    contents = [segments(move.body) for move in decision.moves]
    rows = case_rows(acceptance, decided.expected)
    classes = _key_classes(decision, contents)
    of_facts = classes_to_seal(rows, _erased_classes(decision), decided.opened)
    for referral_id, names in of_facts.items():
        classes[referral_id].extend(names)
    return _Draft(decided, acceptance, contents, rows, classes)


def _acceptance(submission: Submission, decision: Decision) -> Acceptance:
    """The submission with its decision, and an id for each further message of the decision."""
    message, at = submission.message, submission.at
    further_ids = [time_ordered_id(at) for _ in decision.moves[1:]]
    return Acceptance(
        message,
        submission.caller,
        submission.directory,
        at,
        decision,
        (message.id, *further_ids),
        submission.case,
    )


def _log_rows(
    acceptance: Acceptance, messages: Sequence[dict[str, Any]], entry_ids: Sequence[UUID]
) -> list[dict[str, Any]]:
    entries = (
        *acceptance_entries(acceptance, messages, entry_ids),
        *sharing_entries(acceptance),
        *withdrawal_entries(acceptance),
    )
    at = acceptance.at.isoformat()
    return [{**entry.row(), "at": at} for entry in entries]


def _key_classes(
    decision: Decision, contents: Iterable[Mapping[DataClass, bytes]]
) -> dict[UUID, list[str]]:
    """The classes whose keys each referral needs. C0 is always one: its key makes the hash."""
    classes: dict[UUID, list[str]] = {}
    for move, fields in zip(decision.moves, contents, strict=True):
        classes.setdefault(move.referral.id, [DataClass.C0]).extend(fields)
    return classes


def _erased_classes(decision: Decision) -> dict[UUID, frozenset[str]]:
    """The erased classes of each referral."""
    return {referral.id: referral.erased for referral in decision.case.referrals.values()}


def _keys_of(keyrings: Mapping[UUID, Keyring]) -> dict[tuple[UUID, str], bytes]:
    """The keys of these rings, by referral and class."""
    return {(r, c): key for r, ring in keyrings.items() for c, key in ring.keys.items()}
