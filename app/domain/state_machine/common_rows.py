"""The rows that every flow has: consent, decline, custody, death, closing, events of the service.

A flow names its parties, and gets the same rows with message types under its own name.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, TypeVar

from pydantic import create_model

from app.domain.cases.case import (
    CLOSED,
    DEATH_REPORTED,
    DECLINE_PENDING,
    HELD,
    SUSPENDED,
    SYSTEM,
)
from app.domain.messages.body import Body
from app.domain.messages.payloads import samples
from app.domain.messages.payloads.closing import (
    Closed,
    DeathConfirmed,
    DeathRetracted,
    DeclineConfirmed,
    Declined,
    DeclineRetracted,
    Died,
    ExitClaimed,
    Reopened,
    SystemEvent,
    WithdrawalConfirmed,
)
from app.domain.messages.payloads.consent import (
    ClaimReported,
    ConfirmedConsent,
    RecordedConsent,
    RecordReported,
    RefusedConsent,
    SuspensionReported,
    WithdrawalRetracted,
    WithdrawnConsent,
)
from app.domain.messages.payloads.custody import CustodyChanged
from app.domain.state_machine.guard import Guard
from app.domain.state_machine.guards import (
    claim_waits,
    close_reason_allowed,
    closed_lately,
    consent_withdrawn,
    has_come,
    nothing_erased,
    parent_goes_on,
    something_left,
    withdrawal_recorded,
)
from app.domain.state_machine.step import BACK, NAMED, OTHERS, SAME, Report, Step, rows
from app.domain.text import Text
from app.domain.vocabulary.closing import EVERY_REASON, CloseReason

B = TypeVar("B", bound=Body)

SUSPENDED_CONSENT = SUSPENDED
SIDE_STATES: Mapping[str, Text] = {
    SUSPENDED_CONSENT: Text("同意停止", "suspended: consent withdrawn"),
    DECLINE_PENDING: Text("辞退の確認中", "decline to be confirmed"),
    DEATH_REPORTED: Text("死亡の確認中", "death to be confirmed"),
}
CHILD_STATES: Mapping[str, Text] = {
    HELD: Text("親の依頼の確認待ち", "held: the referral above waits for a confirmation"),
}
"""Further side states of a flow whose referrals have a parent."""
END: Mapping[str, Text] = {CLOSED: Text("終結", "closed")}
COMMON_EVENTS = frozenset(
    {
        "record_consent",
        "withdraw_consent",
        "renew_consent",
        "confirm_consent",
        "refuse_consent",
        "retract_withdrawal",
        "confirm_withdrawal",
        "decline",
        "confirm_decline",
        "retract_decline",
        "change_custody",
        "die",
        "confirm_death",
        "retract_death",
        "close",
        "reopen",
        "consent_suspended",
        "consent_resumed",
        "consent_claimed",
        "consent_recorded",
        "consent_confirmed",
        "exit_claimed",
        "parent_held",
        "parent_resumed",
        "parent_closed",
    }
)
"""The events of the rows written here."""
COMMON = "domain reference 4.3, M-a3 and M-a7; common rows of the agreed tables"
NOBODY = "-"
"""In `lead`: nobody leads any more."""
OURS = "design of this service: it completes the agreed tables"


def message_type(
    flow: str,
    event: str,
    shape: type[B],
    title: Text,
    example: Mapping[str, Any],
    source: str = COMMON,
) -> type[B]:
    """A message type `<flow>.<event>` with the fields of `shape`."""
    name = f"{flow}.{event}"
    # A Literal made at run time: to mypy it is no type.
    literal: Any = (Literal.__getitem__(name), ...)
    body = create_model(
        "".join(word.capitalize() for word in name.replace(".", "_").split("_")),
        __base__=shape,
        __module__=f"app.domain.flows.{flow}",
        __doc__=f"{title.en[0].upper()}{title.en[1:]}.",
        type=literal,
    )
    body.TITLE, body.EXAMPLE, body.SOURCE = title, {"type": name, **example}, source
    return body


@dataclass(frozen=True)
class CommonRows:
    """What a flow declares so that the common rows can be written for it."""

    flow: str
    opening: str
    """The event that opens a referral."""
    parties: tuple[str, ...]
    """Every party, by name."""
    open: tuple[str, ...]
    """The states in which all common rows hold; in those of `stopped`, all but the closing ones."""
    deciding: str
    vouching: str | None
    """The party that confirms what others record for their own access. None in a flow whose
    referrals have a parent: there it is confirmed in the parent."""
    by_consent: frozenset[str]
    """Parties that receive more than C0 only with consent; C0 alone while it is suspended."""
    closers: tuple[str, ...]
    custodians: tuple[str, ...]
    """Parties that report a change in custody."""
    consent: Mapping[str, Any]
    """An example of a consent in this flow."""
    renewed: Mapping[str, Any]
    """An example of a consent given again."""
    consent_recipients: Callable[[str, str], tuple[str, ...]]
    """The recipients of a recorded consent beside those it names, by state and sender."""
    close_reasons: frozenset[CloseReason] = EVERY_REASON
    """The reasons for which a referral may be closed."""
    settled_states: frozenset[str] = frozenset()
    """States in which the person has settled. Only in these is `settled` a reason for closing."""
    reports: Report | None = None
    """What every closing row reports to the parent."""
    requests: Report | None = None
    """What the opening reported to the parent, and reopening reports again."""
    stopped: Mapping[str, tuple[Guard, ...]] = field(default_factory=dict)
    """States in which the deciding party alone can close, under these further guards. What the
    person says is recorded there as everywhere."""
    closes: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """Recipients of a closing that does not go to everybody, by state and party."""
    custody_added: bool = False
    takes_children: bool = False
    """Whether referrals of other flows are opened with one of this flow as their parent."""

    def recipients(self, state: str) -> tuple[str, ...]:
        """The recipients of a common row in this state: every other party, within consent.

        In the end of a referral, consent may have run out long ago: nothing is asked of it there.
        """
        if state not in {SUSPENDED_CONSENT, CLOSED}:
            return (OTHERS,)
        return tuple(f"{p}:C0" if p in self.by_consent else p for p in self.parties)

    def table(self) -> tuple[Step, ...]:
        """All common rows of the flow."""
        return tuple(self._all_rows())

    def _all_rows(self) -> Iterator[Step]:
        yield from self._consent_rows()
        yield from self._renewal_rows()
        yield from self._vouching_rows()
        yield from self._decline_rows()
        yield from self._custody_rows()
        yield from self._end_rows()
        yield from self._service_rows()
        if self.vouching is None:
            yield from self._child_rows()

    def _exit_rows(
        self,
        state: str,
        body: type[Body],
        to: str,
        guards: tuple[Guard, ...],
        *,
        added: bool = False,
    ) -> Iterator[Step]:
        """The deciding party may stop a referral from any seat, the others from a decider's."""
        copies = self.recipients(state)
        others = tuple(party for party in self.parties if party != self.deciding)
        row = Step(state, body, (self.deciding,), to, copies=copies, guards=guards, added=added)
        yield row
        yield replace(row, by=others, decides=True)

    def _type(
        self,
        event: str,
        shape: type[B],
        title: Text,
        example: Mapping[str, Any],
        source: str = COMMON,
    ) -> type[B]:
        return message_type(self.flow, event, shape, title, example, source)

    def _consent_rows(self) -> Iterator[Step]:
        record = self._type("record_consent", RecordedConsent, RECORD_CONSENT, self.consent)
        withdraw = self._type("withdraw_consent", WithdrawnConsent, WITHDRAW_CONSENT, WITHDRAWN)
        if self.vouching is None:
            yield from self._exit_rows(
                HELD, withdraw, SUSPENDED_CONSENT, (has_come("withdrawn_on"),)
            )
        for state in self.open:
            for copies, senders in self._senders_by_recipients(state).items():
                yield Step(
                    state,
                    record,
                    tuple(senders),
                    SAME,
                    copies=(NAMED, *copies),
                    guards=(has_come("obtained_on"),),
                    added=state in self.stopped,
                )
            to = SAME if state == SUSPENDED_CONSENT else SUSPENDED_CONSENT
            come, added = (has_come("withdrawn_on"),), state in self.stopped
            yield from self._exit_rows(state, withdraw, to, come, added=added)
        # What was disclosed can be read on when the work is over, so consent can be withdrawn too.
        left = (something_left, has_come("withdrawn_on"))
        ended = self._exit_rows(CLOSED, withdraw, SAME, left, added=True)
        yield from (replace(row, on_return=SUSPENDED_CONSENT) for row in ended)

    def _renewal_rows(self) -> Iterator[Step]:
        renew = self._type("renew_consent", RecordedConsent, RENEW_CONSENT, self.renewed)
        confirm = self._type(
            "confirm_withdrawal", WithdrawalConfirmed, CONFIRM_WITHDRAWAL, CONFIRMED
        )
        # A party that depends on consent and is not named in the new one receives C0 alone.
        everybody = (NAMED, *self.recipients(SUSPENDED_CONSENT))
        # What any other party records is a claim, which does not resume anything. Where nobody
        # vouches that is whatever is recorded: it is confirmed in the parent.
        ending = (self.vouching,) if self.vouching is not None else ()
        others = tuple(party for party in self.parties if party not in ending)
        for senders, to, decides in ((ending, BACK, True), (others, SAME, False)):
            if not senders:
                continue
            yield Step(
                SUSPENDED_CONSENT,
                renew,
                senders,
                to,
                decides=decides,
                copies=everybody,
                guards=(has_come("obtained_on"),),
            )
        yield Step(
            SUSPENDED_CONSENT,
            confirm,
            (self.deciding,),
            CLOSED,
            decides=True,
            copies=self.recipients(SUSPENDED_CONSENT),
            guards=(consent_withdrawn,),
            reports=self.reports,
        )

    def _vouching_rows(self) -> Iterator[Step]:
        if self.vouching is None:
            return
        confirm = self._type("confirm_consent", ConfirmedConsent, CONFIRM_CONSENT, CLAIM_CONFIRMED)
        refuse = self._type("refuse_consent", RefusedConsent, REFUSE_CONSENT, CLAIM_REFUSED)
        retract = self._type(
            "retract_withdrawal",
            WithdrawalRetracted,
            RETRACT_WITHDRAWAL,
            {**WITHDRAWAL_RETRACTED, "consent_ids": [self.consent["consent_id"]]},
        )
        for state in self.open:
            to = BACK if state == SUSPENDED_CONSENT else SAME
            yield self._vouching_row(state, confirm, to, claim_waits(confirms=True), "confirmed_on")
            yield self._vouching_row(state, refuse, SAME, claim_waits(confirms=False), "refused_on")
            # What fell in a suspension may stay withdrawn when the referral goes on.
            yield self._vouching_row(state, retract, to, withdrawal_recorded, "established_on")
        row = self._vouching_row(CLOSED, retract, SAME, withdrawal_recorded, "established_on")
        yield replace(row, guards=(something_left, *row.guards), on_return=BACK)
        if self.takes_children:
            claimed = self._type(
                "consent_claimed", ClaimReported, CONSENT_CLAIMED, CLAIM_REPORTED, OURS
            )
            copies = (f"{self.vouching}:C0",)
            recorded = self._type(
                "consent_recorded", RecordReported, CONSENT_RECORDED, CLAIM_REPORTED, OURS
            )
            for body in (claimed, recorded):
                yield from rows(self.open, body, SYSTEM, SAME, copies=copies, added=True)

    def _vouching_row(self, state: str, body: type[Body], to: str, guard: Guard, day: str) -> Step:
        return Step(
            state,
            body,
            (self.vouching or self.deciding,),
            to,
            decides=True,
            copies=self.recipients(state),
            guards=(guard, has_come(day)),
            added=True,
        )

    def _senders_by_recipients(self, state: str) -> Mapping[tuple[str, ...], list[str]]:
        senders: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for party in self.parties:
            senders[self.consent_recipients(state, party)].append(party)
        return senders

    def _decline_rows(self) -> Iterator[Step]:
        decline = self._type("decline", Declined, DECLINE, DECLINED)
        confirm = self._type("confirm_decline", DeclineConfirmed, CONFIRM_DECLINE, CONFIRMED)
        retract = self._type("retract_decline", DeclineRetracted, RETRACT_DECLINE, RETRACTED)
        for state in self.open:
            if state != DEATH_REPORTED:
                stated, added = (has_come("stated_on"),), state in self.stopped
                yield from self._exit_rows(state, decline, DECLINE_PENDING, stated, added=added)
        yield Step(
            DECLINE_PENDING,
            confirm,
            (self.deciding,),
            CLOSED,
            decides=True,
            copies=(OTHERS,),
            reports=self.reports,
        )
        yield Step(DECLINE_PENDING, retract, self.parties, BACK, decides=True, copies=(OTHERS,))

    def _custody_rows(self) -> Iterator[Step]:
        change = self._type("change_custody", CustodyChanged, CHANGE_CUSTODY, MOVED)
        for state in self.open:
            yield Step(
                state,
                change,
                self.custodians,
                SAME,
                copies=self.recipients(state),
                guards=(has_come("reported_on"),),
                added=self.custody_added or state in self.stopped,
            )

    def _end_rows(self) -> Iterator[Step]:
        yield from self._death_rows()
        close = self._type("close", Closed, CLOSE, ABANDONED)
        for state in self.open:
            for party in self.closers if state not in self.stopped else ():
                # Over a death that waits to be confirmed, the deciding party alone closes.
                if state != DEATH_REPORTED or party == self.deciding:
                    yield self._closing_row(state, close, party)
        for state, guards in self.stopped.items():
            yield self._closing_row(state, close, self.deciding, guards)
        yield from self._reopening_rows()

    def _death_rows(self) -> Iterator[Step]:
        die = self._type("die", Died, DIE, {"died_on": "2026-06-10"})
        confirm = self._type("confirm_death", DeathConfirmed, CONFIRM_DEATH, DEATH_CONFIRMED)
        retract = self._type("retract_death", DeathRetracted, RETRACT_DEATH, RETRACTED)
        for state in self.open:
            if state != DEATH_REPORTED:
                yield from self._exit_rows(state, die, DEATH_REPORTED, (has_come("died_on"),))
        yield Step(
            DEATH_REPORTED,
            confirm,
            (self.deciding,),
            CLOSED,
            decides=True,
            copies=(OTHERS,),
            guards=(has_come("died_on"),),
            reports=self.reports,
            added=True,
        )
        yield Step(
            DEATH_REPORTED,
            retract,
            self.parties,
            BACK,
            decides=True,
            copies=(OTHERS,),
            added=True,
        )

    @cached_property
    def _closing_guards(self) -> tuple[Guard, ...]:
        reason = close_reason_allowed(self.close_reasons, self.settled_states)
        return (reason, has_come("closed_on"))

    def _closing_row(
        self, state: str, close: type[Body], party: str, further: tuple[Guard, ...] = ()
    ) -> Step:
        copies = self.closes.get((state, party), self.recipients(state))
        return Step(
            state,
            close,
            (party,),
            CLOSED,
            decides=True,
            copies=copies,
            guards=(*further, *self._closing_guards),
            reports=self.reports,
        )

    def _reopening_rows(self) -> Iterator[Step]:
        reopen = self._type("reopen", Reopened, REOPEN, REOPENED, OURS)
        lately = (closed_lately(self.opening), nothing_erased(self.opening))
        above = (parent_goes_on,) if self.vouching is None else ()
        yield Step(
            CLOSED,
            reopen,
            (self.deciding,),
            BACK,
            decides=True,
            copies=(OTHERS,),
            guards=(*lately, *above, has_come("reopened_on")),
            reports=self.requests,
            added=True,
        )

    def _service_rows(self) -> Iterator[Step]:
        shape = SuspensionReported if self.takes_children else SystemEvent
        suspended = self._type("consent_suspended", shape, SUSPENDED_ABOVE, {}, OURS)
        resumed = self._type("consent_resumed", SystemEvent, RESUMED_ABOVE, {}, OURS)
        held = () if self.vouching else (HELD,)
        running = [state for state in (*self.open, *held) if state != SUSPENDED_CONSENT]
        yield from rows(running, suspended, SYSTEM, SUSPENDED_CONSENT, copies=(OTHERS,), added=True)
        yield from rows(SUSPENDED_CONSENT, resumed, SYSTEM, BACK, copies=(OTHERS,), added=True)
        claimed = self._type("exit_claimed", ExitClaimed, EXIT_CLAIMED, EXIT_RECORDED, OURS)
        stopping = (*self.open, *held, CLOSED)
        yield from rows(stopping, claimed, SYSTEM, SAME, copies=(OTHERS,), added=True)

    def _child_rows(self) -> Iterator[Step]:
        """What the parent does to a child: it holds it, lets it go on, confirms its consents."""
        held = self._type("parent_held", SystemEvent, HELD_ABOVE, {}, OURS)
        resumed = self._type("parent_resumed", SystemEvent, LET_ON_ABOVE, {}, OURS)
        confirmed = self._type("consent_confirmed", SystemEvent, CONFIRMED_ABOVE, {}, OURS)
        yield from rows(self.open, held, SYSTEM, HELD, copies=(OTHERS,), added=True)
        yield from rows(HELD, resumed, SYSTEM, BACK, copies=(OTHERS,), added=True)
        for state in (*self.open, HELD):
            to = BACK if state == SUSPENDED_CONSENT else SAME
            yield from rows(state, confirmed, SYSTEM, to, copies=(OTHERS,), added=True)


def parent_closed(flow: str, states: Iterable[str]) -> tuple[Step, ...]:
    """The rows by which a child is closed with its parent."""
    ended = message_type(flow, "parent_closed", SystemEvent, PARENT_CLOSED, {}, OURS)
    return rows(states, ended, SYSTEM, CLOSED, copies=(OTHERS,), added=True)


RECORD_CONSENT = Text("同意の記録", "record a consent")
WITHDRAW_CONSENT = Text("同意の撤回", "withdraw consent")
RENEW_CONSENT = Text("再同意の記録", "renew consent")
CONFIRM_CONSENT = Text("同意の確認", "confirm a consent that was recorded for its own recorder")
REFUSE_CONSENT = Text("同意を確認しない通知", "refuse to confirm a consent")
RETRACT_WITHDRAWAL = Text("同意撤回の記録の取消し", "retract a withdrawal recorded in error")
CONFIRM_WITHDRAWAL = Text("同意撤回の確認", "confirm the withdrawal of consent")
DECLINE = Text("本人の辞退", "the person declines")
CONFIRM_DECLINE = Text("辞退の確認", "confirm the decline")
RETRACT_DECLINE = Text("辞退の取消し", "retract the decline")
CHANGE_CUSTODY = Text("身柄に関する変更の通知", "report a change in custody")
DIE = Text("死亡の通知", "report a death")
CONFIRM_DEATH = Text("死亡の確認", "confirm the death")
RETRACT_DEATH = Text("死亡の通知の取消し", "retract the report of a death")
CLOSE = Text("終結の通知", "close the referral")
REOPEN = Text("再開の通知", "reopen the referral")
SUSPENDED_ABOVE = Text("親の依頼の同意停止による停止", "suspended with the referral above")
RESUMED_ABOVE = Text("親の依頼の再同意による再開", "resumed with the referral above")
CONSENT_CLAIMED = Text(
    "子の依頼での同意の記録(確認待ち)", "a consent recorded below waits to be confirmed"
)
CONSENT_RECORDED = Text("子の依頼での同意の記録", "a consent was recorded in a referral below")
CONFIRMED_ABOVE = Text("親の依頼での同意の確認", "a consent was confirmed in the referral above")
EXIT_CLAIMED = Text(
    "止める効果のない申出の記録", "an exit was recorded that stops nothing: it was sent too often"
)
HELD_ABOVE = Text("親の依頼の確認待ちによる保留", "held with the referral above")
LET_ON_ABOVE = Text("親の依頼の再開による再開", "goes on with the referral above")
PARENT_CLOSED = Text("親の依頼の終結による終結", "closed with the referral above")

WITHDRAWN = {"withdrawn_on": "2026-06-01", "method": "oral_recorded"}
CONFIRMED = {"confirmed_on": "2026-06-03"}
DECLINED = {"stated_on": "2026-06-01", "own_words": "自分の力でやってみたい。"}
RETRACTED = {"stated_on": "2026-06-02"}
CLAIM_CONFIRMED = {"consent_id": samples.CONSENT_RENEWED_ID, "confirmed_on": "2026-06-09"}
CLAIM_REFUSED = {"consent_id": samples.CONSENT_RENEWED_ID, "refused_on": "2026-06-09"}
CLAIM_REPORTED = {
    "consent_id": samples.CONSENT_RENEWED_ID,
    "purpose": "regional",
    "recipients": ["center-27"],
    "item_classes": ["C1", "C2"],
    "valid_from": "2026-06-08",
}
WITHDRAWAL_RETRACTED = {"established_on": "2026-06-03"}
DEATH_CONFIRMED = {"confirmed_on": "2026-06-12", "died_on": "2026-06-10"}
EXIT_RECORDED = {"message_id": "019cf000-0000-7000-8000-0000000000e1"}
MOVED = {
    "change": "release_date_moved",
    "effective_on": "2026-06-05",
    "reported_on": "2026-06-05",
    "old": "2027-03-15",
    "new": "2027-02-26",
    "release_on": "2027-02-26",
    "release_kind": "full_term",
}
ABANDONED = {"close_reason": "entered_in_error", "closed_on": "2026-06-20"}
REOPENED = {"reopen_reason": "closed_in_error", "reopened_on": "2026-06-22"}
RENEWED = {
    **samples.CONSENT,
    "consent_id": samples.CONSENT_RENEWED_ID,
    "valid_from": "2026-06-08",
    "obtained_on": "2026-06-08",
}
