"""What consent checks, the log and sealing cost: pieces timed with them and without.

A decision is timed as it is, and with the consent checks out of its way. Functions of PostgreSQL
are called in transactions that are rolled back, in turn with twins in which one statement does
nothing; the kernel says what the backend used, and what an empty call takes is taken off.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import process_time_ns
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import asyncpg

from app.adapters.ids import time_ordered_id
from app.adapters.referrals.decision_rows import (
    DecidedMessage,
    DecisionWriter,
    WrittenMessage,
    accept_arguments,
)
from app.adapters.referrals.exchange import ACCEPT
from app.adapters.referrals.reading import DISCLOSE
from app.auth.receipts import ReceiptSigner
from app.auth.signing_keys import SigningKeys
from app.domain.cases.case import Case
from app.domain.decisions import decide as deciding
from app.domain.decisions.decision import Decision
from app.domain.decisions.submission import Submission
from app.domain.flows import BODIES
from app.domain.keys.ports import WrappedKey
from app.domain.messages.message import Message
from app.domain.state_machine.guard import Guard
from app.domain.text import Text
from bench.place import ISSUER, START, Place, caller

FLOW = "special_adjustment"
PRISON, OFFICE, CENTER = "prison-fuchu", "probation-13", "center-13"
STEPS = (
    (PRISON, "notify_candidate"),
    (OFFICE, "start_selection"),
    (OFFICE, "record_consent"),
    (OFFICE, "select_special"),
)
REQUEST = (OFFICE, "request_cooperation")
"""It gives the center more classes than C0, which needs a consent."""
LOAD_CASE = "SELECT load_case($1, $2, $3, $4, $5)"
UNCHECKED: Mapping[str, Callable[..., Any]] = {
    "consent_covers": lambda *_, **__: Guard("nothing", Text("", ""), lambda _: None),
    "limit_to_consent": lambda _flow, _step, recipients, *_, **__: recipients,
    "_with_consents": lambda recipients, *_: recipients,
}
"""The parts of a decision that ask for consent, asking nothing."""
TWINS = (
    ("accept", "PERFORM write_log_of_each(v_agencies, v_at, p -> 'log')", "PERFORM 1"),
    (
        "disclose",
        "PERFORM write_log_of(v_agency, v_at, naming_present(p -> 'log', v_agency))",
        "PERFORM 1",
    ),
    ("load_case", "c.case_id = v_case.id", "false"),
)
"""A function, what it says, and what its twin `<function>_less` says instead."""
ROUNDS = 11
"""Every variant runs once in each round, so that noise affects all of them alike."""


@dataclass(frozen=True)
class Cost:
    """One step: CPU microseconds with the part in question, and without it."""

    name: str
    whole: float
    without: float

    @property
    def part(self) -> float:
        """The share of the part in the whole step."""
        return 1 - self.without / self.whole

    def __str__(self) -> str:
        """One line of the report."""
        return f"{self.whole:9,.1f} {self.without:9,.1f} {self.part:5.0%}  {self.name}"


def costs(place: Place, calls: int) -> list[Cost]:
    """The cost of each step, in a case of its own; `calls` of each in every round."""
    return asyncio.run(_costs(place, calls))


async def _costs(place: Place, calls: int) -> list[Cost]:
    owner, api = await asyncpg.connect(place.urls.owner), await asyncpg.connect(place.urls.api)
    try:
        for twin in TWINS:
            await _make_twin(owner, *twin)
        case = CaseInProgress(place, api)
        for agency, event in STEPS:
            await case.send(await case.write_rows(agency, event))
        results = [_consent_checks(case, calls)]
        request = await case.write_rows(*REQUEST)
        answer, accepting = request.answer, (*accept_arguments([request]), True)
        loading: tuple[Any, ...] = (OFFICE, answer.message_id, answer.referral_id, [], False)
        results += [
            await _in_database(owner, "load_case: the consents", LOAD_CASE, loading, calls),
            await _in_database(api, "accept: log entry and pending row", ACCEPT, accepting, calls),
        ]
        await case.send(request)
        disclosing = (case.disclosure(answer.message_id),)
        name = "disclose, one message: log entry and pending row"
        return [*results, await _in_database(api, name, DISCLOSE, disclosing, calls)]
    finally:
        await owner.close()
        await api.close()


@dataclass
class CaseInProgress:
    """A case that is advanced message by message, in memory and in the database alike."""

    place: Place
    api: "asyncpg.Connection[asyncpg.Record]"
    case: Case | None = None
    version: int = 0
    following: Case | None = None
    """The case after the rows that were made last."""
    keys: dict[UUID, dict[str, WrappedKey]] = field(default_factory=dict)
    referral: UUID = field(default_factory=uuid4)

    def message(self, event: str) -> Message:
        """An example of a message of the case."""
        body = BODIES[f"{FLOW}.{event}"]
        example = body.model_validate(dict(body.EXAMPLE))
        message_id = uuid4() if self.case else self.referral
        return Message(message_id, self.referral, example, occurred_on=START.date())

    def submit(self, agency: str, message: Message) -> Submission:
        """The message with what it is decided on."""
        at = self.place.clock()
        case = self.case or Case(time_ordered_id(at))
        return Submission(case, message, caller(agency), self.place.directory, at)

    def decide(self, agency: str, message: Message) -> Decision:
        """The decision on a message."""
        return deciding.decide(self.submit(agency, message))

    async def write_rows(self, agency: str, event: str) -> WrittenMessage:
        """The rows of an example of a message, not yet sent."""
        submission = self.submit(agency, self.message(event))
        decision = deciding.decide(submission)
        self.following = decision.case
        signer = ReceiptSigner(SigningKeys(self.place.keys), self.place.clock)
        writer = DecisionWriter(self.place.vault(), signer, ISSUER)
        decided = DecidedMessage(submission, decision, self.keys, self.version or None)
        (written,) = await writer.write([decided])
        return written

    async def send(self, rows: WrittenMessage) -> None:
        """Send it: the case is then as it decided."""
        if await self.api.fetchval(ACCEPT, *accept_arguments([rows]), True):
            raise RuntimeError("the case has moved")
        self.case, self.version = self.following, self.version + 1
        for ring in rows.keyrings:
            self.keys.setdefault(ring.referral_id, {}).update(ring.new_keys)

    def disclosure(self, message_id: UUID) -> str:
        """What is written down when the center opens a message."""
        if self.case is None:
            raise RuntimeError("nothing was sent yet")
        at, case_id, sent = self.place.clock(), str(self.case.id), str(message_id)
        entry = {
            "id": str(time_ordered_id(at)),
            "kind": "disclosure",
            "agency_id": CENTER,
            "seat_id": f"{CENTER}.decider",
            "client_id": f"{CENTER}.system",
            "case_id": case_id,
            "referral_id": str(self.referral),
            "message_id": sent,
            "agencies": [CENTER, OFFICE],
            "detail": {"classes": ["C0", "C1", "C2"]},
        }
        record = {"at": at.isoformat(), "agency_id": CENTER, "log": [entry]}
        return json.dumps({**record, "cases": {case_id: self.version}, "message_ids": [sent]})


def _consent_checks(case: CaseInProgress, calls: int) -> Cost:
    agency, event = REQUEST
    message = case.message(event)

    def time_calls() -> float:
        began = process_time_ns()
        for _ in range(calls):
            case.decide(agency, message)
        return (process_time_ns() - began) / calls / 1000

    whole, without = [], []
    time_calls()
    for _ in range(ROUNDS):
        whole.append(time_calls())
        with ExitStack() as patched:
            for name, nothing in UNCHECKED.items():
                patched.enter_context(patch.object(deciding, name, nothing))
            without.append(time_calls())
    return Cost("decide, in Python: the consent checks", median(whole), median(without))


async def _in_database(
    api: "asyncpg.Connection[asyncpg.Record]",
    name: str,
    query: str,
    arguments: Sequence[Any],
    calls: int,
) -> Cost:
    function = query.removeprefix("SELECT ").partition("(")[0]
    twin = query.replace(function, f"{function}_less", 1)
    pid: int = await api.fetchval("SELECT pg_backend_pid()")

    async def time_calls(statement: str, *parameters: Any) -> float:
        before = _cpu_time(pid)
        for _ in range(calls):
            await api.execute("BEGIN")
            await api.fetchval(statement, *parameters)
            await api.execute("ROLLBACK")
        return (_cpu_time(pid) - before) / calls / 1000

    samples: dict[str, list[float]] = {"": [], query: [], twin: []}
    for nth in range(ROUNDS + 1):
        for statement, times in samples.items():
            sample = await time_calls(statement or "SELECT 1", *(arguments if statement else ()))
            if nth:  # plans are made in the first round
                times.append(sample)
    empty, whole, without = (median(times) for times in samples.values())
    return Cost(name, whole - empty, without - empty)


def _cpu_time(pid: int) -> int:
    """Nanoseconds of CPU time of a process."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


async def _make_twin(
    owner: "asyncpg.Connection[asyncpg.Record]", function: str, says: str, instead: str
) -> None:
    text: str = await owner.fetchval(
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = $1", function
    )
    if text.count(says) != 1:
        raise RuntimeError(f"{function} does no longer say {says}")
    twin = text.replace(says, instead).replace(f"public.{function}(", f"public.{function}_less(", 1)
    await owner.execute(twin)
    await owner.execute(f"GRANT EXECUTE ON FUNCTION {function}_less TO tsunagu_api")
