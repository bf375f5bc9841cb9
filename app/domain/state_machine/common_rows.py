"""The rows that every flow has: consent, decline, custody, death, closing, events of the service.

A flow names its parties, and gets the same rows with message types under its own name.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar

from pydantic import create_model

from app.domain.cases.case import CLOSED, SUSPENDED, SYSTEM
from app.domain.messages.body import Body
from app.domain.messages.payloads import samples
from app.domain.messages.payloads.closing import (
    Closed,
    DeclineConfirmed,
    Declined,
    DeclineRetracted,
    Died,
    SystemEvent,
    WithdrawalConfirmed,
)
from app.domain.messages.payloads.consent import RecordedConsent, WithdrawnConsent
from app.domain.messages.payloads.custody import CustodyChanged
from app.domain.state_machine.guard import Guard
from app.domain.state_machine.guards import (
    ancestors_not_suspended,
    close_reason_allowed,
    consent_withdrawn,
    has_come,
)
from app.domain.state_machine.table import BACK, NAMED, OTHERS, SAME, Report, Step, rows
from app.domain.text import Text
from app.domain.vocabulary.closing import EVERY_REASON, CloseReason

B = TypeVar("B", bound=Body)

SUSPENDED_CONSENT = SUSPENDED
DECLINE_PENDING = "decline_pending"
SIDE_STATES: Mapping[str, Text] = {
    SUSPENDED_CONSENT: Text("同意停止", "suspended: consent withdrawn"),
    DECLINE_PENDING: Text("辞退の確認中", "decline to be confirmed"),
}
END: Mapping[str, Text] = {CLOSED: Text("終結", "closed")}
COMMON_EVENTS = frozenset(
    {
        "record_consent",
        "withdraw_consent",
        "renew_consent",
        "confirm_withdrawal",
        "decline",
        "confirm_decline",
        "retract_decline",
        "change_custody",
        "die",
        "close",
        "consent_suspended",
        "consent_resumed",
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
    parties: tuple[str, ...]
    """Every party, by name."""
    open: tuple[str, ...]
    """The states in which all common rows hold."""
    deciding: str
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
    stopped: Mapping[str, tuple[Guard, ...]] = field(default_factory=dict)
    """States outside `open` in which a death can be reported, and in which the deciding party can
    close under these further guards."""
    closes: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """Recipients of a closing that does not go to everybody, by state and party."""
    custody_added: bool = False

    def recipients(self, state: str) -> tuple[str, ...]:
        """The recipients of a common row in this state: every other party, within consent."""
        if state != SUSPENDED_CONSENT:
            return (OTHERS,)
        return tuple(f"{p}:C0" if p in self.by_consent else p for p in self.parties)

    def table(self) -> tuple[Step, ...]:
        """All common rows of the flow."""
        return tuple(self._all_rows())

    def _all_rows(self) -> Iterator[Step]:
        yield from self._consent_rows()
        yield from self._renewal_rows()
        yield from self._decline_rows()
        yield from self._custody_rows()
        yield from self._end_rows()
        yield from self._service_rows()

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
        for state in self.open:
            for copies, senders in self._senders_by_recipients(state).items():
                yield Step(
                    state,
                    record,
                    tuple(senders),
                    SAME,
                    copies=(NAMED, *copies),
                    guards=(has_come("obtained_on"),),
                )
            to = SAME if state == SUSPENDED_CONSENT else SUSPENDED_CONSENT
            yield Step(
                state,
                withdraw,
                self.parties,
                to,
                copies=self.recipients(state),
                guards=(has_come("withdrawn_on"),),
            )

    def _renewal_rows(self) -> Iterator[Step]:
        renew = self._type("renew_consent", RecordedConsent, RENEW_CONSENT, self.renewed)
        confirm = self._type(
            "confirm_withdrawal", WithdrawalConfirmed, CONFIRM_WITHDRAWAL, CONFIRMED
        )
        # A party that depends on consent and is not named in the new one receives C0 alone.
        everybody = (NAMED, *self.recipients(SUSPENDED_CONSENT))
        yield Step(
            SUSPENDED_CONSENT,
            renew,
            self.parties,
            BACK,
            copies=everybody,
            guards=(ancestors_not_suspended, has_come("obtained_on")),
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
            yield Step(
                state,
                decline,
                self.parties,
                DECLINE_PENDING,
                copies=self.recipients(state),
                guards=(has_come("stated_on"),),
            )
        yield Step(
            DECLINE_PENDING,
            confirm,
            (self.deciding,),
            CLOSED,
            decides=True,
            copies=(OTHERS,),
            reports=self.reports,
        )
        yield Step(DECLINE_PENDING, retract, self.parties, BACK, copies=(OTHERS,))

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
                added=self.custody_added,
            )

    def _end_rows(self) -> Iterator[Step]:
        die = self._type("die", Died, DIE, {"died_on": "2026-06-10"})
        close = self._type("close", Closed, CLOSE, ABANDONED)
        for state in (*self.open, *self.stopped):
            yield Step(
                state,
                die,
                self.parties,
                CLOSED,
                copies=self.recipients(state),
                guards=(has_come("died_on"),),
                reports=self.reports,
            )
        for state in self.open:
            for party in self.closers:
                yield self._closing_row(state, close, party)
        for state, guards in self.stopped.items():
            yield self._closing_row(state, close, self.deciding, guards)

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

    def _service_rows(self) -> Iterator[Step]:
        suspended = self._type("consent_suspended", SystemEvent, SUSPENDED_ABOVE, {}, OURS)
        resumed = self._type("consent_resumed", SystemEvent, RESUMED_ABOVE, {}, OURS)
        running = [state for state in self.open if state != SUSPENDED_CONSENT]
        yield from rows(running, suspended, SYSTEM, SUSPENDED_CONSENT, copies=(OTHERS,), added=True)
        yield from rows(SUSPENDED_CONSENT, resumed, SYSTEM, BACK, copies=(OTHERS,), added=True)


def parent_closed(flow: str, states: Iterable[str]) -> tuple[Step, ...]:
    """The rows by which a child is closed with its parent."""
    ended = message_type(flow, "parent_closed", SystemEvent, PARENT_CLOSED, {}, OURS)
    return rows(states, ended, SYSTEM, CLOSED, copies=(OTHERS,), added=True)


RECORD_CONSENT = Text("同意の記録", "record a consent")
WITHDRAW_CONSENT = Text("同意の撤回", "withdraw consent")
RENEW_CONSENT = Text("再同意の記録", "renew consent")
CONFIRM_WITHDRAWAL = Text("同意撤回の確認", "confirm the withdrawal of consent")
DECLINE = Text("本人の辞退", "the person declines")
CONFIRM_DECLINE = Text("辞退の確認", "confirm the decline")
RETRACT_DECLINE = Text("辞退の取消し", "retract the decline")
CHANGE_CUSTODY = Text("身柄に関する変更の通知", "report a change in custody")
DIE = Text("死亡の通知", "report a death")
CLOSE = Text("終結の通知", "close the referral")
SUSPENDED_ABOVE = Text("親の依頼の同意停止による停止", "suspended with the referral above")
RESUMED_ABOVE = Text("親の依頼の再同意による再開", "resumed with the referral above")
PARENT_CLOSED = Text("親の依頼の終結による終結", "closed with the referral above")

WITHDRAWN = {"withdrawn_on": "2026-06-01", "method": "oral_recorded"}
CONFIRMED = {"confirmed_on": "2026-06-03"}
DECLINED = {"stated_on": "2026-06-01", "own_words": "自分の力でやってみたい。"}
RETRACTED = {"stated_on": "2026-06-02"}
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
RENEWED = {
    **samples.CONSENT,
    "consent_id": samples.CONSENT_RENEWED_ID,
    "valid_from": "2026-06-08",
    "obtained_on": "2026-06-08",
}
