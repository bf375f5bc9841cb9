"""Cases that agencies move by sending published examples: pure decisions, without a database."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

from app.domain.access.caller import Caller
from app.domain.cases.case import Case, Reader, Reference, Referral
from app.domain.classes import ROUTING, DataClass
from app.domain.consents.consent import covered_classes
from app.domain.decisions.audience import present_classes
from app.domain.decisions.decide import decide
from app.domain.decisions.decision import Copy, Decision
from app.domain.decisions.submission import Submission
from app.domain.directory.agencies import Agency, Directory
from app.domain.flows import BODIES, FLOWS
from app.domain.messages.message import Message
from app.domain.messages.payloads import samples
from app.domain.state_machine.actions import actions
from app.domain.state_machine.known import situation_known_to

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=timezone(timedelta(hours=9)))
TODAY = NOW.date()
TOKYO, OSAKA = "130001", "270008"


def agency(agency_id: str, kind: str, area: str = TOKYO) -> Agency:
    return Agency(agency_id, kind, agency_id, area[:2], areas=frozenset({(None, area)}))


DIRECTORY = Directory.of(
    [
        agency("prison-fuchu", "prison"),
        agency("prison-osaka", "prison", OSAKA),
        agency("probation-13", "probation_office"),
        agency("probation-27", "probation_office", OSAKA),
        agency("prosecutor-13", "prosecutor_district"),
        agency("bar-13-tokyo", "bar_association"),
        agency("center-13", "settlement_center"),
        agency("center-27", "settlement_center", OSAKA),
        replace(agency("prison-paper", "prison"), connected=False),
        replace(agency("bar-paper", "bar_association"), connected=False),
    ]
)
AGENCIES = {agency.id: agency for agency in DIRECTORY.agencies}
SHORT = {
    "prison": "prison-fuchu",
    "prison27": "prison-osaka",
    "probation": "probation-13",
    "probation27": "probation-27",
    "prosecutor": "prosecutor-13",
    "bar": "bar-13-tokyo",
    "center": "center-13",
    "center27": "center-27",
}
PLAYED: set[str] = set()
"""The types whose example was accepted as it is, and those that the service sent."""


class Play:
    """A case that agencies move by sending examples."""

    def __init__(self, flow: str, opening: str, **envelope: Any) -> None:
        self.case = Case(uuid4())
        self.messages: dict[UUID, Reference] = {}
        self.typed_by: dict[UUID, str] = {}
        self.decided: Decision
        self.main = self.open(flow, opening, **envelope)

    def open(
        self, flow: str, line: str, said: dict[str, Any] | None = None, **envelope: Any
    ) -> UUID:
        who, event = line.split()
        message_id = uuid4()
        self._decide(who, flow, event, message_id, message_id, said or {}, envelope)
        return message_id

    def send(self, line: str, referral: UUID | None = None, **changes: Any) -> str:
        """`who event [key=agency …]`; the state afterwards.

        It is sent from the decider's seat, or from a case worker's if `who` ends with a tilde.
        """
        who, event, *joins = line.split()
        target = referral or self.main
        to = {party: SHORT[a] for party, a in (j.split("=") for j in joins)}
        flow = self.case.referrals[target].flow
        envelope = changes.pop("envelope", {})
        return self._decide(who, flow, event, uuid4(), target, changes, {"to": to, **envelope})

    def run(self, lines: str, referral: UUID | None = None) -> str:
        state = ""
        for line in lines.strip().splitlines():
            state = self.send(line, referral)
        return state

    def state(self, referral: UUID | None = None) -> str:
        return self.case.referrals[referral or self.main].state

    def _decide(
        self,
        who: str,
        flow: str,
        event: str,
        message_id: UUID,
        referral: UUID,
        changes: dict[str, Any],
        envelope: dict[str, Any],
    ) -> str:
        name = f"{flow}.{event}"
        body = BODIES[name].model_validate({**BODIES[name].EXAMPLE, **changes})
        message = Message(message_id, referral, body, NOW.date(), **envelope)
        decides = not who.endswith("~")
        agency_id = SHORT[who.removesuffix("~")]
        classes = frozenset(DataClass)
        caller = Caller("c", agency_id, "s", "decider", frozenset(), classes, decides)
        decision = decide(Submission(self._seen_by(agency_id), message, caller, DIRECTORY, NOW))
        self.case, self.decided = decision.case, decision
        self.typed_by[message_id] = agency_id
        self._remember(message_id, decision)
        PLAYED.update(move.body.type for move in decision.moves if not changes)
        return self.state(referral)

    def _seen_by(self, agency_id: str) -> Case:
        """The case with the messages to which an agency may point: those of which it has a copy."""
        pointed = {i: m for i, m in self.messages.items() if m.reader(agency_id)}
        return replace(self.case, references=pointed)

    def _remember(self, message_id: UUID, decision: Decision) -> None:
        for index, move in enumerate(decision.moves):
            new = message_id if index == 0 else uuid4()
            self.messages[new] = Reference(
                id=new,
                referral_id=move.referral.id,
                type=move.body.type,
                from_agency=decision.sender.agency_id if index == 0 else None,
                digest="",
                classes=present_classes(move.body),
                readers=readers_of(move.copies),
            )
        for shared, copies in decision.shared.items():
            known = self.messages[shared]
            new_ones = (r for r in readers_of(copies) if known.reader(r.agency_id) is None)
            self.messages[shared] = replace(known, readers=(*known.readers, *new_ones))

    def may_open(self, who: str, referral: UUID | None = None) -> frozenset[str]:
        """The classes beyond C0 that consent lets an agency be told in a referral now."""
        agency_id = SHORT[who]
        told = DIRECTORY.agency(agency_id)
        assert told is not None
        consents = self.case.effective_consents(self.case.referrals[referral or self.main])
        covered = covered_classes(consents, agency_id, told.kind, NOW.date())
        return frozenset(map(str, covered - ROUTING))


def offered(
    case: Case, referral: Referral, agency_id: str, on: date = TODAY
) -> list[Mapping[str, Any]]:
    """What an agency is told that it can send in a referral, on that day and by its whole view."""
    flow, party, agency = FLOWS[referral.flow], referral.party_of(agency_id), AGENCIES[agency_id]
    kind = agency.kind if flow.parties[party.name].by_consent else None
    known = situation_known_to(party, case, referral, frozenset(DataClass), on, kind)
    return actions(flow, party, known)


def readers_of(copies: Iterable[Copy]) -> tuple[Reader, ...]:
    return tuple(Reader(c.agency_id, c.party, c.referral_id, c.classes, c.lacking) for c in copies)


def special(lines: str = "") -> Play:
    """A special adjustment after these lines."""
    play = Play("special_adjustment", "prison notify_candidate")
    play.run(lines)
    return play


SELECTED = """
    probation start_selection
    probation record_consent
    probation select_special
"""
REQUESTED = f"{SELECTED}probation request_cooperation\n"
ASSESSING = f"""{REQUESTED}
    center query
    probation answer_query
    center accept
    center interview""".replace("\n\n", "\n")


def regional(consent: str = samples.CONSENT_REGIONAL_ID) -> tuple[Play, UUID]:
    """A special adjustment with the regional coordination that serves it."""
    play = special(ASSESSING)
    named = ["center-27"]
    play.send("center record_consent", consent_id=consent, purpose="regional", recipients=named)
    to = {"destination_center": "center-27"}
    said = {} if consent == samples.CONSENT_REGIONAL_ID else {"consent_id": consent}
    child = play.open("regional_coordination", "center request", said, parent=play.main, to=to)
    return play, child
