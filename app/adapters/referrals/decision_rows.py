"""A decision as PostgreSQL takes it: every row that follows, its segments already sealed."""

from collections.abc import Iterable, Mapping
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
from app.adapters.referrals.message_rows import (
    acceptance_entries,
    copy_rows,
    message_rows,
    sent_content,
    sharing_entries,
)
from app.adapters.referrals.rows import deadline_rows, settlement_rows
from app.domain.classes import DataClass
from app.domain.decisions.acceptance import Acceptance
from app.domain.decisions.decision import Decision
from app.domain.decisions.receipt import Signer
from app.domain.decisions.submission import Submission
from app.domain.erasure.objections import BACKUP_AGE
from app.domain.messages.digest import segments, wire_time


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
class DecisionWriter:
    """Turns decisions into rows. Each subject makes its own; here they are only collected."""

    vault: Vault
    signer: Signer
    issuer: str
    seal_within: timedelta = timedelta(hours=1)
    """By when the log's entry of a message is in the tree: its receipt says so."""
    backup_age: timedelta = BACKUP_AGE
    """How long backups hold a key after it was erased."""

    async def write(
        self, submission: Submission, decision: Decision, keys: StoredKeys, expected: int | None
    ) -> Written:
        """All rows of a decision.

        Args:
            submission: what was decided on.
            keys: the stored keys of each referral of the case.
            expected: the version that the case must still have; None for a new case.

        Raises:
            KeyServiceAway: the keys cannot be had.
        """
        message, at = submission.message, submission.at
        added = (time_ordered_id(at) for _ in decision.moves[1:])
        accepted = Acceptance(
            message, submission.caller, submission.directory, at, decision, (message.id, *added)
        )
        contents = [segments(move.body) for move in decision.moves]
        rings = await self.vault.keyrings(_key_classes(decision, contents), keys)
        sealed = [
            rings[move.referral.id].seal(message_id, fields)
            for (move, message_id), fields in zip(accepted.messages(), contents, strict=True)
        ]
        messages = message_rows(accepted, sealed)
        entry_ids = [time_ordered_id(at) for _ in decision.moves]
        view = decision.caller.view
        answer = Answer(
            message.referral_id,
            message.id,
            view.state,
            at,
            messages[0]["digest"],
            self._receipt(messages[0], decision, str(entry_ids[0]), at),
            view.version,
        )
        mac = rings[message.referral_id].mac(sent_content(message, contents[0]))
        messages[0] |= {"receipt": answer.receipt, "mac": mac.hex()}
        entries = (
            *acceptance_entries(accepted, messages, entry_ids),
            *sharing_entries(accepted),
            *withdrawal_entries(accepted),
        )
        rows = {
            "at": at.isoformat(),
            **case_rows(accepted, expected),
            "messages": messages,
            **copy_rows(accepted),
            **inbox_rows(accepted),
            **term_rows(accepted),
            **consent_rows(accepted),
            **deadline_rows(accepted),
            **settlement_rows(accepted),
            **showing_rows(accepted),
            **erasure_rows(accepted, self.backup_age),
            "log": [entry.row() for entry in entries],
        }
        segmented = [
            (i, segment) for i, parts in zip(accepted.ids, sealed, strict=True) for segment in parts
        ]
        return Written(answer, rows, list(rings.values()), segmented)

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


def _key_classes(
    decision: Decision, contents: Iterable[Mapping[DataClass, bytes]]
) -> dict[UUID, list[str]]:
    """The classes whose keys each referral needs: C0 always, for the keyed hash."""
    needed: dict[UUID, list[str]] = {}
    for move, fields in zip(decision.moves, contents, strict=True):
        needed.setdefault(move.referral.id, [DataClass.C0]).extend(fields)
    return needed


def _columns(rows: list[tuple[Any, ...]], width: int) -> tuple[list[Any], ...]:
    return tuple([row[i] for row in rows] for i in range(width))
