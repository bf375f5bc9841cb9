"""Reasons against erasing a referral, and the day by which an erasure is complete."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from app.domain.calendar.clock import JAPAN
from app.domain.cases.case import CLOSED, LEAD
from app.domain.classes import DataClass
from app.domain.erasure.clock import Rule
from app.domain.flows import FLOWS
from app.domain.vocabulary.code import Code

BACKUP_AGE = timedelta(days=35)
OVERWRITE_WITHIN = timedelta(days=1)
"""How long after an erasure traces of the keys may stay in the files of the database."""


class ErasureReason(Code):
    """Why two seats erase something before its time."""

    COURT_ORDER = "court_order", "裁判所の命令"
    MISTAKEN_ENTRY = "mistaken_entry", "誤登録"
    SUBJECT_REQUEST = "subject_request", "本人の求め(利用停止・消去)"
    NOT_NEEDED = "not_needed", "保有する必要がなくなった"


BEFORE_THE_END = frozenset({ErasureReason.COURT_ORDER, ErasureReason.MISTAKEN_ENTRY})
"""Reasons for which an open referral may be erased, as a whole."""


@dataclass(frozen=True, slots=True)
class CopyHolder:
    """An agency that holds copies of messages, and in which classes."""

    agency_id: str
    classes: frozenset[str]
    connected: bool
    relies_on: frozenset[str] = frozenset()
    """The classes of copies that the asking agency could not recall: opened, acknowledged or
    printed ones, those that were recalled but are kept as evidence, and what others have sent."""
    referral_id: UUID | None = None
    """The referral through which it reads them."""
    disabled: bool = False
    """Whether it is switched off for now. It may object as soon as it is back."""


@dataclass(frozen=True, slots=True)
class EarlierRequest:
    """A request to erase a referral that was made before. It ended at `settled_at`."""

    state: str
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class HeldReferral:
    """What an erasure has to know of a referral, read while its case is locked."""

    id: UUID
    case_id: UUID
    flow: str
    state: str
    lead: str | None
    erased: frozenset[str]
    holders: frozenset[str]
    """The agencies that have put a hold on it."""
    parties: Mapping[str, str]
    """The party names of the active agencies, by agency id."""
    others: tuple[str, ...]
    """The states of the other referrals of the case."""
    clocks: Mapping[str, date]
    """The rules that run, and since when."""
    readers: tuple[CopyHolder, ...]
    requests: tuple[EarlierRequest, ...] = ()
    """The last requests of the agency that asks, the newest first; those of others do not count."""

    def decides(self, agency_id: str) -> bool:
        """Whether an agency leads the case, or is the party that confirms endings."""
        part = self.parties.get(agency_id)
        return part is not None and decides(self.flow, part, leads=self.lead == agency_id)

    def holders_of(self, data_class: str) -> frozenset[str]:
        """The agencies that hold copies in this class."""
        return frozenset(r.agency_id for r in self.readers if data_class in r.classes)

    def may_ask(self, agency_id: str, classes: frozenset[DataClass]) -> bool:
        """Whether an agency may have these classes erased, if nothing else is against it.

        One that decides on erasure may ask for all, or for classes that its part may hold: whether
        there is anything in others it is not told here. Another one decides on what it alone holds.
        """
        part = self.parties.get(agency_id)
        if part is None:
            return False
        if DataClass.C0 in classes:
            return self.decides(agency_id)
        if not classes <= FLOWS[self.flow].parties[part].classes:
            return False
        held = [holders for c in classes if (holders := self.holders_of(c))]
        alone = bool(held) and all(holders == {agency_id} for holders in held)
        return alone or self.decides(agency_id)


def decides(flow: str, part: str, *, leads: bool) -> bool:
    """Whether an active party decides on the erasure of a referral of this flow.

    It leads the case, or is the party that confirms endings. It also has to answer the person, so
    it is told that there is a hold.
    """
    deciding = FLOWS[flow].deciding
    return leads or (part == deciding and deciding != LEAD)


def objection_to_rule(referral: HeldReferral, rule: Rule, since: date) -> str | None:
    """Why a rule that is due does not erase: `gone` or `held`; None if it may.

    Args:
        since: the day from which the rule was counted when it was found to be due.
    """
    if referral.clocks.get(rule.value) != since or _is_open_again(referral, rule):
        return "gone"
    return "held" if referral.holders else None


def _is_open_again(referral: HeldReferral, rule: Rule) -> bool:
    ends = rule in {Rule.CASE_CLOSED, Rule.NEVER_ACCEPTED}
    return ends and referral.state != CLOSED


def objection_to_command(
    referral: HeldReferral,
    agency_id: str | None,
    classes: frozenset[DataClass],
    reason: ErasureReason,
) -> str | None:
    """Why two seats cannot have it erased, or ask for that; None if they can.

    The agency that answers the person learns that there is a hold, though not whose. A referral
    that it may not see gives `not_now`. Only operators act on the order of a court, which an agency
    would show to nobody here.

    Args:
        agency_id: whose seats they are; None for the operator's.
    """
    if agency_id is not None and reason is ErasureReason.COURT_ORDER:
        return "only_operators"
    if agency_id is not None and not referral.may_ask(agency_id, classes):
        return "not_yours"
    return _objection_of_state(referral, agency_id, classes, reason)


def _objection_of_state(
    referral: HeldReferral,
    agency_id: str | None,
    classes: frozenset[DataClass],
    reason: ErasureReason,
) -> str | None:
    if classes <= referral.erased:
        return "erased"
    if agency_id in referral.holders:
        return "held"
    whole = DataClass.C0 in classes
    if referral.state != CLOSED and not (whole and reason in BEFORE_THE_END):
        return "not_closed"
    return _objection_of_others(referral)


def _objection_of_others(referral: HeldReferral) -> str | None:
    if referral.holders:
        return "held_by_another"
    return "not_now" if any(state != CLOSED for state in referral.others) else None


def complete_on(erased_at: datetime, backup_age: timedelta) -> date:
    """The day, in Japan, by which no backup holds the key any more."""
    return (erased_at + backup_age).astimezone(JAPAN).date() + timedelta(days=1)
