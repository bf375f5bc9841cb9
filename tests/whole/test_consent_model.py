"""Whatever is recorded, withdrawn, renewed, sent, shared, handed over and opened: a model of a few
lines says who can open what, what is a tombstone, and what is asked back. What is listed of a
consent changes only for whoever sent something, or was notified."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.domain.consents.return_requests import ReturnAnswer
from app.domain.errors import Refusal
from app.domain.messages.message import Message
from app.domain.messages.payloads.samples import CONSENT_ID, CONSENT_REGIONAL_ID
from tests.support.callers import START, seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, OTHER_CENTER, PRISON, PROBATION, hand_over

CENTERS = (CENTER, OTHER_CENTER)
EVERYBODY = (PRISON, PROBATION, *CENTERS)
PARENT, CHILD = "special_adjustment", "regional_coordination"
ALL = frozenset(f"C{n}" for n in range(1, 8))

recipients = st.sampled_from([(CENTER,), (OTHER_CENTER,), ("settlement_center",), CENTERS])
classes = st.sampled_from([ALL, frozenset({"C1", "C2", "C4"}), frozenset({"C1"})])
items = st.sampled_from(["C4", "C7", CENTER, OTHER_CENTER, "settlement_center"])
action = st.one_of(
    st.tuples(st.just("record"), recipients, classes),
    st.tuples(st.just("renew"), recipients, classes),
    st.tuples(st.just("claim"), st.sampled_from(CENTERS), st.sampled_from(["record", "renew"])),
    st.tuples(st.just("vouch"), st.sampled_from(["confirm", "refuse"])),
    st.tuples(st.just("retract")),
    st.tuples(st.just("withdraw"), st.sampled_from([PARENT, CHILD]), st.none() | items),
    st.tuples(st.just("open"), st.sampled_from(CENTERS)),
    st.tuples(st.just("move")),
    st.tuples(st.just("visit"), st.sampled_from(CENTERS)),
    st.tuples(st.just("share")),
    st.tuples(st.just("take over")),
    st.tuples(st.just("answer"), st.sampled_from(CENTERS)),
)


@dataclass
class GivenConsent:
    """A consent as the model has it. All are recorded in the parent."""

    recipients: Sequence[str]
    classes: frozenset[str]
    gone: bool = False
    claimed: bool = False
    before: list[tuple[bool, set[str]]] = field(default_factory=list)
    """What it was before each withdrawal."""
    without: set[str] = field(default_factory=set)

    def names(self, agency: str) -> bool:
        """Whether it was given for telling this agency."""
        return bool({agency, "settlement_center"} & set(self.recipients))

    def lets(self, agency: str) -> frozenset[str]:
        """What it still lets this agency be told."""
        named = self.names(agency) and not {agency, "settlement_center"} & self.without
        counts = named and not self.gone and not self.claimed
        return self.classes - self.without if counts else frozenset()

    def withdraw(self, item: str | None) -> None:
        """It is withdrawn, in whole or for one item."""
        if self.gone:
            return
        self.before.append((self.gone, set(self.without)))
        self.without |= {item} if item else set()
        left = self.classes - self.without and set(self.recipients) - self.without
        self.gone = item is None or not left


Played: TypeAlias = Callable[[list[tuple[Any, ...]]], Awaitable[None]]
Held: TypeAlias = tuple[str, UUID, UUID]
"""An agency, the referral through which it reads, and the message."""


@dataclass
class AskedReturn:
    """A request that the model expects, until it is answered."""

    agency: str
    referral: UUID
    messages: set[UUID]
    classes: set[str]


@dataclass
class World:
    """A case with its child, and what the model remembers of it."""

    office: Office
    parent: UUID
    child: UUID
    consents: dict[str, GivenConsent]
    suspended: set[str] = field(default_factory=set)
    alone: bool = False
    """Whether the child was stopped by itself."""
    had: dict[Held, set[str]] = field(default_factory=lambda: defaultdict(set))
    """What each agency has opened, and not answered for."""
    asked: list[AskedReturn] = field(default_factory=list)
    senders: set[str] = field(default_factory=set)
    """Who has sent something in the last action."""
    seen: dict[str, tuple[str, int]] = field(default_factory=dict)
    """What each agency was listed after it, and the last position of its inbox."""

    async def send(self, agency: str, message: Message) -> bool:
        """Send it, if it is taken."""
        self.senders.add(agency)
        try:
            await self.office.exchange.accept(message, seat(agency))
        except Refusal:
            return False
        return True

    def lets(self, agency: str) -> frozenset[str]:
        """What an agency may be told, were nothing suspended."""
        return frozenset().union(*(c.lets(agency) for c in self.consents.values()))

    async def copies(self, agency: str) -> list[Any]:
        """What an agency was told in the case as one who depends on consent."""
        rows: list[Any] = await self.office.owner.fetch(
            "SELECT c.message_id, c.referral_id, r.flow, q.until, array(SELECT class FROM segment s"
            " WHERE s.message_id = c.message_id AND s.class = ANY (c.classes)) AS classes,"
            " i.opened_at, i.acknowledged_at, i.recalled_at, i.position IS NOT NULL AS waits"
            " FROM copy c JOIN party q USING (referral_id, agency_id)"
            " JOIN referral r ON r.id = c.referral_id"
            " LEFT JOIN inbox_item i ON i.agency_id = c.agency_id"
            "   AND i.message_id = c.message_id AND i.kind = 'message'"
            " WHERE c.agency_id = $1 AND c.referral_id = ANY ($2) AND q.by_consent AND NOT c.sent",
            agency,
            [self.parent, self.child],
        )
        return rows

    async def act(self, name: str, *how: Any) -> None:
        """Do something, and keep the model up with it."""
        step = getattr(self, f"_{name.replace(' ', '_')}")
        self.senders.clear()
        before = self.seen or {a: await self._consents_and_head(a) for a in EVERYBODY}
        await step(*how)
        self.seen = {a: await self._consents_and_head(a) for a in EVERYBODY}
        for agency, (listed, head) in before.items():
            now, last = self.seen[agency]
            assert now == listed or last > head or agency in self.senders, (agency, name, how)

    async def _consents_and_head(self, agency: str) -> tuple[str, int]:
        """What an agency is listed of the consents, and the last position of its inbox."""
        listed = await self.office.consents.of_case(agency, await self._case(), None, 100)
        return repr(listed), (await self.office.inboxes.status(agency))["head"]

    async def _record(self, to: Sequence[str], of: frozenset[str], event: str = "record") -> bool:
        consent = str(uuid4())
        body = {"consent_id": consent, "recipients": list(to), "item_classes": sorted(of)}
        message = saying(f"{PARENT}.{event}_consent", self.parent, body)
        if not await self.send(PROBATION, message):
            return False
        self.consents[consent] = GivenConsent(to, of)
        return True

    async def _renew(self, to: Sequence[str], of: frozenset[str]) -> None:
        if await self._record(to, of, "renew"):
            self._go_on(to)

    def _go_on(self, to: Sequence[str] = ()) -> None:
        """The parent goes on, and the child with it, unless it was stopped by itself."""
        if PARENT not in self.suspended:
            return
        self.suspended.discard(PARENT)
        if not self.alone or {OTHER_CENTER, "settlement_center"} & set(to):
            self.suspended.discard(CHILD)
            self.alone = False

    async def _claim(self, agency: str, event: str) -> None:
        """A center records a consent to its own access."""
        consent = str(uuid4())
        body = {"consent_id": consent, "recipients": [agency], "item_classes": sorted(ALL)}
        if await self.send(agency, saying(f"{PARENT}.{event}_consent", self.parent, body)):
            self.consents[consent] = GivenConsent((agency,), ALL, claimed=True)

    async def _vouch(self, event: str) -> None:
        """The office answers the oldest claim."""
        claims = [i for i, c in self.consents.items() if c.claimed and not c.gone]
        for claim in claims[:1]:
            message = saying(f"{PARENT}.{event}_consent", self.parent, {"consent_id": claim})
            assert await self.send(PROBATION, message)
            if event == "refuse":
                self.consents[claim].gone = True
                continue
            self.consents[claim].claimed = False
            self._go_on(self.consents[claim].recipients)

    async def _retract(self) -> None:
        """The office establishes that the last withdrawal was recorded in error."""
        chosen = [i for i, c in self.consents.items() if c.before and not c.claimed]
        body = {"consent_ids": sorted(chosen)} if chosen else {}
        if await self.send(PROBATION, saying(f"{PARENT}.retract_withdrawal", self.parent, body)):
            for consent in map(self.consents.__getitem__, chosen):
                consent.gone, consent.without = consent.before.pop()
            self._go_on()

    async def _named_below(self) -> list[str]:
        """The consents of the parent that the other center is shown, and so can name."""
        listed = await self.office.consents.of_case(OTHER_CENTER, await self._case(), None, 100)
        return sorted({str(known.consent.record.id) for known in listed} & self.consents.keys())

    async def _is_above(self) -> bool:
        """Whether the other center has taken the parent over."""
        part = "SELECT FROM party WHERE referral_id = $1 AND agency_id = $2 AND until IS NULL"
        query = f"SELECT EXISTS ({part})"
        return bool(await self.office.owner.fetchval(query, self.parent, OTHER_CENTER))

    async def _case(self) -> UUID:
        row = await self.office.row("SELECT case_id FROM referral WHERE id = $1", self.parent)
        case: UUID = row["case_id"]
        return case

    async def _withdraw(self, flow: str, item: str | None) -> None:
        where = self.parent if flow == PARENT else self.child
        who = PROBATION if flow == PARENT else OTHER_CENTER
        # What was recorded above is named by parties of the parent only.
        named = await self._named_below() if flow == CHILD and await self._is_above() else []
        body = {"withdrawn_items": [item]} if item else {}
        before = {a: self.lets(a) for a in CENTERS}
        changes = {**body, **({"consent_ids": named} if named else {})}
        if not await self.send(who, saying(f"{flow}.withdraw_consent", where, changes)):
            return
        # Below, none is recorded: without a name the withdrawal stops the child, and no more.
        reaches = self.consents if flow == PARENT else named
        self.suspended |= {PARENT, CHILD} if reaches else {CHILD}
        self.alone |= not reaches
        for consent in reaches:
            self.consents[consent].withdraw(item)
        for agency in CENTERS:
            lost = before[agency] - self.lets(agency)
            for referral in (self.parent, self.child):
                held = {
                    m: classes & lost
                    for (a, r, m), classes in self.had.items()
                    if (a, r) == (agency, referral) and classes & lost
                }
                if held:
                    union = set().union(*held.values())
                    self.asked.append(AskedReturn(agency, referral, set(held), union))

    async def _open(self, agency: str) -> None:
        copies = {row["message_id"]: row for row in await self.copies(agency)}
        for opened in await self.office.reading.open(seat(agency), list(copies)[:50]):
            row = copies[UUID(opened.envelope["id"])]
            may = frozenset() if row["flow"] in self.suspended else self.lets(agency)
            if row["until"] is not None:
                assert set(opened.salts) == set()
                continue
            classes = set(opened.salts) - {"C0"}
            assert classes == (set(row["classes"]) - {"C0"}) & may, opened.envelope["type"]
            self.had[agency, row["referral_id"], row["message_id"]] |= classes

    async def _move(self) -> None:
        await self.send(PRISON, saying(f"{PARENT}.change_custody", self.parent))

    async def _visit(self, agency: str) -> None:
        await self.send(agency, saying(f"{CHILD}.interview", self.child))

    async def _share(self) -> None:
        request = await self.office.owner.fetchval(
            "SELECT id FROM message WHERE referral_id = $1 AND type LIKE '%.request_cooperation'",
            self.parent,
        )
        offer = saying(f"{CHILD}.offer_transfer", self.child, shared_messages=(request,))
        await self.send(CENTER, offer)

    async def _take_over(self) -> None:
        await self.send(OTHER_CENTER, saying(f"{CHILD}.accept_transfer", self.child))

    async def _answer(self, agency: str) -> None:
        """What is answered for is had no more, until it is opened again."""
        today = self.office.clock().date()
        for request in await self._requests(agency):
            await self.office.return_requests.answer(
                seat(agency), request.id, ReturnAnswer.DESTROYED, today, None
            )
        for asked in self.asked:
            for message in asked.messages if asked.agency == agency else ():
                self.had[agency, asked.referral, message] -= asked.classes
        self.asked = [a for a in self.asked if a.agency != agency]

    async def _requests(self, agency: str) -> list[Any]:
        requests = await self.office.return_requests.sent_to(agency, None, 100_000)
        ours = {self.parent, self.child}
        return [r for r in requests if r.referral_id in ours and r.answered_at is None]

    async def holds(self) -> None:
        """Look at all of it: what is asked back, what is a tombstone, what the inbox counts."""
        for agency in CENTERS:
            asked = sorted(
                (r.referral_id, sorted(r.message_ids), sorted(r.classes))
                for r in await self._requests(agency)
            )
            assert asked == sorted(
                (a.referral, sorted(a.messages), sorted(a.classes))
                for a in self.asked
                if a.agency == agency
            )
            for row in await self.copies(agency):
                stone = row["recalled_at"] is not None
                assert not (stone and row["opened_at"]), "opened and taken back"
                wanted = set(row["classes"]) - {"C0"}
                if row["waits"] and row["until"] is None and stone:
                    assert not wanted & self.lets(agency) or row["flow"] in self.suspended
            status = await self.office.inboxes.status(agency)
            waiting = await self.office.owner.fetchval(
                "SELECT count(*) FROM inbox_item WHERE agency_id = $1 AND opened_at IS NULL"
                " AND acknowledged_at IS NULL AND recalled_at IS NULL",
                agency,
            )
            assert status["counts"]["waiting"] == waiting


@pytest.fixture
def checked_play(office: Office) -> Played:
    """Plays actions on a case of its own, and looks after each of them."""

    async def play(actions: list[tuple[Any, ...]]) -> None:
        taken = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
        parent, child = await hand_over(office, *taken)
        consents = {
            i: GivenConsent(("settlement_center",), ALL) for i in (CONSENT_ID, CONSENT_REGIONAL_ID)
        }
        world = World(office, parent, child, consents)
        try:
            for name, *how in actions:
                office.clock.now += timedelta(minutes=1)
                await world.act(name, *how)
                await world.holds()
        finally:
            office.clock.now = START

    return play


@example([("open", CENTER), ("withdraw", PARENT, "C4"), ("withdraw", PARENT, None)])
@example([("open", CENTER), ("withdraw", PARENT, "C4"), ("withdraw", PARENT, "C4")])
@example([("withdraw", PARENT, None), ("claim", CENTER, "renew"), ("open", CENTER)])
@example([("withdraw", PARENT, "C4"), ("claim", CENTER, "renew"), ("vouch", "confirm")])
@example([("open", CENTER), ("withdraw", PARENT, None), ("retract",), ("open", CENTER)])
@given(st.lists(action, min_size=4, max_size=14))
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_the_service_does_what_a_model_of_consent_says(
    checked_play: Played, actions: list[tuple[Any, ...]]
) -> None:
    await checked_play(actions)
