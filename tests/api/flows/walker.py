"""A client that knows the contract alone walks every row that is published, sending examples.

It reads what a client reads: `GET /v1/flows/{flow}`, the example of each message type, and of a
referral its state, parties, lead and facts. Whatever it sends is decided by the service's rules.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

from app.api.flows.routes import _flow_page
from app.api.wire.message_examples import request_example
from app.domain.access.caller import Caller
from app.domain.cases.case import CLOSED, SYSTEM, Case
from app.domain.consents.consent import Consent
from app.domain.decisions.decide import decide
from app.domain.decisions.submission import Submission
from app.domain.directory.agencies import Agency, Directory
from app.domain.errors import NotYourStep, Refusal
from app.domain.flows import BODIES, FLOWS
from app.domain.messages.message import Message

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=timezone(timedelta(hours=9)))
TOKYO, OSAKA = "130001", "270008"
PUBLISHED: Mapping[str, Any] = {n: json.loads(_flow_page(n).content) for n in FLOWS}
LEADS = "lead"
STOPPED_BY_DECIDING = "stopped by the deciding party"
EVERYWHERE = ("referral", "above", "below")
FROM_ABOVE = (".withdraw_consent", ".renew_consent", ".close", ".decline", ".retract_decline")
"""What a referral above another does that the other one learns of."""
FROM_BELOW = (
    ("decline_request",),
    ("withdraw_consent",),
    ("acknowledge", "accept", "offer_transfer", "accept_transfer"),
)
"""What a referral under another one does that the other one learns of."""
Edge = tuple[str, str, str]
"""A published row's type, one of its states and one of its senders."""


def agency(agency_id: str, kind: str, area: str = TOKYO) -> Agency:
    return Agency(agency_id, kind, agency_id, area[:2], areas=frozenset({(None, area)}))


AGENCIES = [
    agency("prison-fuchu", "prison"),
    agency("probation-13", "probation_office"),
    agency("prosecutor-13", "prosecutor_district"),
    agency("bar-13-tokyo", "bar_association"),
    agency("center-13", "settlement_center"),
    agency("prison-osaka", "prison", OSAKA),
    agency("probation-27", "probation_office", OSAKA),
    agency("center-27", "settlement_center", OSAKA),
]
DIRECTORY = Directory.of(AGENCIES)


def row_key(row: Mapping[str, Any]) -> Iterator[Edge]:
    for state in row["from"]:
        for by in row["by"]:
            yield row["type"], state, by


def message_of(name: str) -> Mapping[str, Any]:
    """What is published of a message type."""
    flow = PUBLISHED[name.partition(".")[0]]
    return next(m for m in flow["messages"] if m["type"] == name)


OPENED_UNDER = [
    (row, parent)
    for flow in PUBLISHED.values()
    for row in flow["matrix"]
    for parent in message_of(row["type"])["parents"]
    if row["from"] == ["new"]
]
"""Rows that open a referral under another, each with the flow and states of that."""


class Unmet(Exception):
    """What a row needs first is not to be had in this place; it is on another way there."""


def value_at(message: Any, pointer: str) -> Any:
    for part in pointer.strip("/").split("/"):
        message = message[int(part) if isinstance(message, list) else part]
    return message


def standing(consent: Consent) -> str:
    """What a consent is, as the list of consents shows it."""
    if consent.withdrawn_on is not None:
        return "withdrawn"
    return "claimed" if consent.claimed else "valid"


def put_at(message: Any, pointer: str, value: Any) -> None:
    *above, last = pointer.strip("/").split("/")
    place = value_at(message, "/".join(above))
    place[int(last) if isinstance(place, list) else last] = value


@dataclass(frozen=True)
class Sending:
    """A message that was sent on the way to a place, and who sent it to which referral."""

    agency: str
    referral: UUID
    message: Mapping[str, Any]

    @property
    def is_printed(self) -> bool:
        """Whether it is the published example of its type, but for ids that its sender chooses."""
        printed = request_example(self.message["body"]["type"])
        return all(self.message.get(name) == printed.get(name) for name in ("to", "body"))


@dataclass(frozen=True)
class Place:
    """A referral that was walked to, in its case."""

    case: Case
    referral: UUID
    walked: frozenset[Edge] = field(default=frozenset(), compare=False)
    sent: tuple[Sending, ...] = field(default=(), compare=False)
    """What was sent to the case until then, in order."""

    @property
    def flow(self) -> Mapping[str, Any]:
        return PUBLISHED[self.case.referrals[self.referral].flow]  # type: ignore[no-any-return]

    @property
    def state(self) -> str:
        return self.case.referrals[self.referral].state

    @property
    def parties(self) -> Mapping[str, str]:
        parties = self.case.referrals[self.referral].parties
        there = {p.name: p.agency_id for p in parties if p.active}
        lead = self.case.lead
        return {**there, LEADS: lead} if lead is not None and lead in there.values() else there

    @property
    def above(self) -> "Place":
        parent = self.case.referrals[self.referral].parent
        assert parent is not None
        return replace(self, referral=parent)

    def children(self) -> "Iterator[Place]":
        for other in self.case.referrals.values():
            if other.parent == self.referral and other.state != CLOSED:
                yield replace(self, referral=other.id)

    def key(self) -> tuple[Any, ...]:
        """What of it decides what can be sent."""
        referral = self.case.referrals[self.referral]
        facts = {n: referral.facts.get(n) for n in ("procedure_stage", "adjust_result")}
        above = self.case.referrals[referral.parent].state if referral.parent else None
        taken = referral.facts.get("placement_from") is None
        there = frozenset(self.parties)
        # Of a state under two others only these matter: they lead back to places of their own.
        stack = referral.back if len(referral.back) < 2 else referral.back[1:]
        # What is closed goes on where it was, if it can at all: that is a place that is known.
        ended = self.state == CLOSED and referral.stops.closed_on is not None
        stack = (str(referral.suspended),) if self.state == CLOSED else stack
        below = any(self.children())
        claimed = any(self.consents("claimed")) and not self.claiming() & there
        # Only the deciding party undoes what it did itself.
        decided = referral.stops.decided(referral.state)
        more = (above, below, taken, claimed, decided, ended)
        return (self.state, stack, there, more, tuple(facts.items()))

    def refused_by(self, refusal: Refusal) -> str:
        """The rule that refuses here what the table takes."""
        referral = self.case.referrals[self.referral]
        left = isinstance(refusal, NotYourStep) and referral.stops.decided(referral.state)
        return STOPPED_BY_DECIDING if left else refusal.code

    def consents(self, consent_is: str, recorded_in: Sequence[str] = EVERYWHERE) -> Iterator[str]:
        """The ids of consents that are this, recorded in one of these places."""
        here = self.case.referrals[self.referral]
        places = {
            "referral": {self.referral},
            "above": {above.id for above in self.case.ancestors(here)},
            "below": {r.id for r in self.case.descendants(self.referral)},
        }
        ids = set[UUID]().union(*(places[each] for each in recorded_in))
        for consent in self.case.consents:
            if consent.referral_id in ids and consent_is == standing(consent):
                yield str(consent.record.id)

    def rows(self) -> Iterator[tuple[Mapping[str, Any], str]]:
        """The published rows that a party can take now, each with a sender."""
        for row in self.flow["matrix"]:
            if self.state in row["from"]:
                yield from ((row, by) for by in row["by"] if by in self.parties)

    def take(self, row: Mapping[str, Any], by: str) -> "Place":
        """Send the example of a row, after what it needs."""
        message = deepcopy(request_example(row["type"]))
        place = self.prepare(row, message)
        return place.send(row, by, message)

    def prepare(self, row: Mapping[str, Any], message: dict[str, Any]) -> "Place":
        place = self
        for need in row["needs"]:
            place = place.meet(need, message)
        return place

    def meet(self, need: Mapping[str, Any], message: dict[str, Any]) -> "Place":
        if "consent" in need:
            return self.provide(need, message)
        facts = self.case.referrals[self.referral].facts
        if "fact" in need and facts.get(need["fact"]) == need["value"]:
            return self
        senders = {p["name"] for p in self.flow["parties"]} - self.claiming()
        return self.send_first(need["type"], senders, lambda body: body.update(need["body"]))

    def provide(self, need: Mapping[str, Any], message: dict[str, Any]) -> "Place":
        """Let the consent that a message names be there, as printed if that is possible."""
        pointer, consent_is = need["consent"], need["consent_is"]
        printed, place = value_at(message, pointer), self
        # Of valid ones only the printed one is known to be what the example needs.
        if printed in self.find(need) or (consent_is != "valid" and any(self.find(need))):
            known = list(self.find(need))
        else:
            place = self.make(consent_is, printed)
            known = list(place.find(need))[-1:]
        if printed not in known:
            put_at(message, pointer, known[0])
        return place

    def find(self, need: Mapping[str, Any]) -> Iterator[str]:
        """The consents that the message may name. In a suspension, none recorded below."""
        here = self.case.referrals[self.referral]
        places = [p for p in need["recorded_in"] if p != "below" or not here.suspended]
        return self.consents(need["consent_is"], places)

    def make(self, consent_is: str, printed: str) -> "Place":
        """Record a consent, with the id that is printed if it is free, and make it what it is."""
        wanted = printed if printed not in self.all_consents() else str(uuid4())
        flow = self.flow["name"]
        by = self.claiming() if consent_is == "claimed" else self.counting()
        at = message_of(f"{flow}.record_consent")["records_consent"]
        place = self.send_first(
            f"{flow}.record_consent", by, lambda body: put_at({"body": body}, at, wanted)
        )
        if consent_is != "withdrawn":
            return place
        place = place.send_first(f"{flow}.withdraw_consent", set(place.parties))
        if self.state == place.state:
            return place
        # It stays withdrawn while the referral goes on with another one.
        return place.send_first(f"{flow}.renew_consent", self.counting())

    def all_consents(self) -> set[str]:
        return {str(c.record.id) for c in self.case.consents}

    def claiming(self) -> set[str]:
        """The parties whose consents that name them are claims."""
        return {p["name"] for p in self.flow["parties"] if p["by_consent"]}

    def counting(self) -> set[str]:
        """The parties whose consents count at once."""
        vouching = self.flow["vouching"]
        return (
            {vouching} if vouching else {p["name"] for p in self.flow["parties"]} - self.claiming()
        )

    def send_first(self, name: str, senders: Collection[str], change: Any = None) -> "Place":
        """Send the example of another type first, from one of these parties."""
        possible = [(r, by) for r, by in self.rows() if r["type"] == name and by in senders]
        if not possible:
            raise Unmet
        message = deepcopy(request_example(name))
        if change:
            change(message["body"])
        return self.send(*possible[0], message)

    def send(self, row: Mapping[str, Any], by: str, message: dict[str, Any]) -> "Place":
        facts = self.case.referrals[self.referral].facts
        for taken in row["takes"]:
            value = value_at(message, taken["pointer"])
            if "fact" in taken and value != facts.get(taken["fact"]):
                put_at(message, taken["pointer"], facts[taken["fact"]])
            elif "values" in taken and value not in taken["values"]:
                put_at(message, taken["pointer"], taken["values"][0])
        if "to" in message:
            message["to"] = {p: a for p, a in message["to"].items() if p in row["joins"]}
        own = message_of(row["type"])["records_consent"]
        if own and UUID(value_at(message, own)) in {c.record.id for c in self.case.consents}:
            put_at(message, own, str(uuid4()))
        after = decided(self.case, self.referral, self.parties[by], message)
        edges = {(row["type"], self.state, by), *after.walked}
        sent = (*self.sent, *after.sent)
        return Place(after.case, self.referral, self.walked | edges, sent)


def decided(case: Case, referral: UUID, sender: str, message: dict[str, Any]) -> Place:
    """The case after a message that an agency sends, and the rows that it took."""
    name = message["body"]["type"]
    body = BODIES[name].model_validate(message["body"])
    envelope = {n: message[n] for n in ("to", "parent") if n in message}
    sent = Message(uuid4(), referral, body, NOW.date(), **envelope)
    sent = replace(sent, id=referral) if referral not in case.referrals else sent
    caller = Caller("c", sender, "s", "decider", frozenset(), frozenset(), True)
    decision = decide(Submission(case, sent, caller, DIRECTORY, NOW))
    caused = {(m.body.type, before(case, m), SYSTEM) for m in decision.moves[1:]}
    return Place(decision.case, referral, frozenset(caused), (Sending(sender, referral, message),))


def before(case: Case, move: Any) -> str:
    """The state in which the service's event was taken, under a side state the main one."""
    referral = case.referrals[move.referral.id]
    flow = FLOWS[referral.flow]
    taken = {s.state for s in flow.steps if s.type == move.body.type}
    return referral.state if referral.state in taken else referral.main_state


def openings(name: str) -> Iterator[Place]:
    """Referrals of a flow, opened in every published way."""
    flow = PUBLISHED[name]
    for row in flow["matrix"]:
        if row["from"] != ["new"]:
            continue
        for by in row["by"]:
            kinds = next(p["kinds"] for p in flow["parties"] if p["name"] == by)
            sender = next(a.id for a in AGENCIES if a.kind in kinds)
            published = message_of(row["type"])
            message = deepcopy(request_example(row["type"]))
            message["to"] = {p: a for p, a in message["to"].items() if p in row["joins"]}
            if published["takes_parent"]:
                yield open_under(parent_for(published["parents"]), row)
                continue
            assert "parent" not in message
            opened = decided(Case(uuid4()), uuid4(), sender, message)
            yield replace(opened, walked=opened.walked | {(row["type"], "new", by)})


def parent_for(parents: list[Mapping[str, Any]]) -> Place:
    (parent,) = parents
    return next(place for place in Walk(parent["flow"]).places() if may_have_child(place, parent))


def may_have_child(place: Place, parent: Mapping[str, Any]) -> bool:
    return (
        place.flow["name"] == parent["flow"]
        and place.state in parent["states"]
        and LEADS in place.parties
    )


def open_under(parent: Place, row: Mapping[str, Any]) -> Place:
    """A referral under this one, opened by whoever leads."""
    message = deepcopy(request_example(row["type"]))
    parent = parent.prepare(row, message)
    message["parent"] = parent.referral
    there = set(parent.parties.values())
    if there & set(message["to"].values()):
        others = (a.id for a in AGENCIES if a.kind == "settlement_center" and a.id not in there)
        message["to"] = dict(zip(message["to"], others, strict=False))
    opened = decided(parent.case, uuid4(), parent.parties[LEADS], message)
    edges = {(row["type"], "new", by) for by in row["by"]}
    sent = (*parent.sent, *opened.sent)
    return replace(opened, walked=opened.walked | edges | parent.walked, sent=sent)


class Walk:
    """All places that can be walked to in a flow, each once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.walked: set[Edge] = set()
        self.refused: dict[Edge, set[str]] = {}
        self.printed: dict[str, tuple[Sending, ...]] = {}
        """By type: what is sent until its example is accepted as it is printed, that last."""

    def places(self) -> Iterator[Place]:
        waiting = list(openings(self.name))
        seen = {place.key() for place in waiting}
        while waiting:
            place = waiting.pop(0)
            self.note(place)
            yield place
            for after in self.next(place):
                self.note(after)
                if after.key() not in seen and len(after.case.referrals[after.referral].back) < 2:
                    seen.add(after.key())
                    waiting.append(after)

    def note(self, place: Place) -> None:
        """Keep what was sent to get there."""
        self.walked |= place.walked
        last = place.sent[-1]
        if last.is_printed:
            self.printed.setdefault(last.message["body"]["type"], place.sent)

    def next(self, place: Place) -> Iterator[Place]:
        for row, by in place.rows():
            yield from self.attempt(place, row, by)
        if place.case.referrals[place.referral].parent is None:
            yield from self.below(place)
        elif place.state != CLOSED:
            yield from self.above(place)

    def above(self, place: Place) -> Iterator[Place]:
        """What the referral above this one does to it."""
        for row, by in place.above.rows():
            if row["type"].endswith(FROM_ABOVE):
                for after in self.attempt(place.above, row, by):
                    yield replace(after, referral=place.referral)

    def below(self, place: Place) -> Iterator[Place]:
        """What a referral under this one does to it, and how one is opened."""
        for child in place.children():
            for path in FROM_BELOW:
                yield from self.along(child, path, place.referral)
        for opening, parent in OPENED_UNDER:
            if may_have_child(place, parent):
                yield replace(open_under(place, opening), referral=place.referral)

    def along(self, child: Place, path: tuple[str, ...], main: UUID) -> Iterator[Place]:
        """The place after these messages in a child, each from whoever can send it."""
        for event in path:
            possible = [(r, by) for r, by in child.rows() if r["type"].endswith(f".{event}")]
            if not possible:
                return
            afterwards = list(self.attempt(child, *possible[0]))
            if not afterwards:
                return
            (child,) = afterwards
        yield replace(child, referral=main)

    def attempt(self, place: Place, row: Mapping[str, Any], by: str) -> Iterator[Place]:
        edge = (row["type"], place.state, by)
        try:
            yield place.take(row, by)
        except Unmet:
            self.refused.setdefault(edge, set())
        except Refusal as refusal:
            guards = refusal.facts.get("guards", [])
            self.refused[edge] = {guard["name"] for guard in guards} or {place.refused_by(refusal)}
            # Whatever is missing is said: pointers, message types, and values that are taken.
            assert all(guard["needs"] for guard in guards)
