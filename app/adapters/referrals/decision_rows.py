"""The arguments of the database function `accept`: every row of a decision, and sealed segments."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from app.adapters.consents.rows import consent_rows, withdrawal_entries
from app.adapters.deliveries.rows import term_rows
from app.adapters.disclosures.rows import showing_rows
from app.adapters.erasure.rows import erasure_rows
from app.adapters.ids import time_ordered_id
from app.adapters.inbox.rows import inbox_rows
from app.adapters.keys.vault import Keyring, Segment, StoredKeys, Vault
from app.adapters.referrals.case_rows import case_rows
from app.adapters.referrals.facts import OpenedFacts, classes_to_seal, seal_facts
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


@dataclass(slots=True)
class AcceptArguments:
    """The arguments of the database function `accept`, and the answer to give."""

    answer: AcceptanceAnswer
    rows: dict[str, Any]
    keyrings: list[Keyring] = field(default_factory=list)
    segments: list[tuple[UUID, Segment]] = field(default_factory=list)

    def values(self) -> tuple[Any, ...]:
        """The values of the parameters of `accept`, in its order."""
        keys = [
            (ring.referral_id, data_class, key.master, key.wrapped)
            for ring in self.keyrings
            for data_class, key in ring.new_keys.items()
        ]
        sealed = [(m, s.data_class.value, s.sealed) for m, s in self.segments]
        return (orjson.dumps(self.rows).decode(), *_columns(keys, 4), *_columns(sealed, 3))


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

    async def write(
        self,
        submission: Submission,
        decision: Decision,
        keys: StoredKeys,
        expected: int | None,
        opened: OpenedFacts,
    ) -> AcceptArguments:
        """All rows of a decision.

        Args:
            submission: what was decided on.
            keys: the stored keys of each referral of the case.
            expected: the version that the case must still have; None for a new case.
            opened: the facts of the case that were opened.

        Raises:
            KeyServiceAway: the key service does not answer.
        """
        acceptance = _acceptance(submission, decision)
        contents = [segments(move.body) for move in decision.moves]
        written = case_rows(acceptance, expected)
        classes = _key_classes(decision, contents)
        for referral_id, of_facts in classes_to_seal(
            written, _erased_classes(decision), opened
        ).items():
            classes[referral_id].extend(of_facts)
        keyrings = await self.vault.keyrings(classes, keys, opened.keys)
        seal_facts(written, _keys_of(keyrings), opened)
        sealed = [
            keyrings[move.referral.id].seal(message_id, fields)
            for (move, message_id), fields in zip(acceptance.messages(), contents, strict=True)
        ]
        messages = message_rows(acceptance, sealed)
        entry_ids = [time_ordered_id(acceptance.at) for _ in decision.moves]
        answer = self._answer(acceptance, messages[0], entry_ids[0])
        message = acceptance.message
        mac = keyrings[message.referral_id].mac(content_to_repeat(message, contents[0]))
        messages[0] |= {"receipt": answer.receipt, "mac": mac.hex()}
        rows = {
            "at": acceptance.at.isoformat(),
            **written,
            "messages": messages,
            **self._effect_rows(acceptance),
            "log": _log_rows(acceptance, messages, entry_ids),
        }
        segment_rows = [
            (message_id, segment)
            for message_id, parts in zip(acceptance.ids, sealed, strict=True)
            for segment in parts
        ]
        return AcceptArguments(answer, rows, list(keyrings.values()), segment_rows)

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
    return [entry.row() for entry in entries]


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


def _columns(rows: list[tuple[Any, ...]], width: int) -> tuple[list[Any], ...]:
    """The columns of these rows: `accept` takes an array for each."""
    return tuple([row[i] for row in rows] for i in range(width))
