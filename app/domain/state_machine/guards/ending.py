"""Guards of stopping and ending: withdrawals, renewals, reasons for closing."""

from dataclasses import replace
from datetime import date

from app.domain.calendar.business_days import add_business_days
from app.domain.cases.case import CLOSED, SUSPENDED
from app.domain.classes import DataClass
from app.domain.messages.payloads.closing import Closed
from app.domain.state_machine.guard import Guard, Situation, Taken
from app.domain.state_machine.guards.base import body_as, guard
from app.domain.text import Text
from app.domain.vocabulary.closing import CloseReason


@guard(
    "consent_withdrawn",
    Text("同意が撤回されていること", "consent is withdrawn"),
    Text(
        "この依頼に及ぶ同意の撤回が記録されていません。",
        "no withdrawn consent is recorded that binds this referral",
    ),
    of_the_moment=True,
    needs=("withdraw_consent",),
    possible=lambda known: SUSPENDED in {known.state, *known.back},
)
def consent_withdrawn(situation: Situation) -> list[str]:
    """A withdrawal is confirmed only while the referral is suspended."""
    return [] if situation.referral.suspended else ["withdraw_consent"]


@guard(
    "parent_goes_on",
    Text("親の依頼が続いていること", "the referral above goes on"),
    Text(
        "親の依頼が終結または停止しています。先に親の依頼を再開してください。",
        "a referral above is closed, or something in it waits; it has to go on first",
    ),
    of_the_moment=True,
    needs=("/parent",),
    unknown="not every party of a referral is one of the referral above",
)
def parent_goes_on(situation: Situation) -> list[str]:
    """A referral is not reopened while one above it is closed or stopped."""
    above = situation.case.ancestors(situation.referral)
    return ["/parent"] if any(r.state == CLOSED or r.back for r in above) else []


@guard(
    "something_left",
    Text("消去されていないこと", "not everything was erased"),
    Text(
        "この依頼の情報は全て消去されており、同意の撤回の及ぶものがありません。",
        "everything of this referral was erased: nothing is left for a withdrawal to reach",
    ),
    of_the_moment=True,
    needs=("/referral_id",),
    possible=lambda known: DataClass.C0 not in known.erased,
)
def something_left(situation: Situation) -> list[str]:
    """Consent is not withdrawn for what nobody can read any more."""
    return ["/referral_id"] if DataClass.C0 in situation.referral.erased else []


REOPEN_DAYS = 10
"""Business days after the end of a referral in which it can be reopened."""


def closed_lately(opening: str) -> Guard:
    """A guard that the end can be undone, and that it is not too late for that.

    Args:
        opening: the event that opens a new referral, which is what is left otherwise.
    """

    @guard(
        "closed_lately",
        Text("終結の後10開庁日以内であること", "it was closed in the last ten business days"),
        Text(
            "再開できるのは、終結の日の後10開庁日以内で、取り消せる終結に限られます。",
            "a referral is reopened within ten business days after an end that can be undone",
        ),
        of_the_moment=True,
        needs=(opening,),
        possible=lambda known: _lately(known.closed_on, known.today),
    )
    def check(situation: Situation) -> list[str]:
        lately = _lately(situation.referral.stops.closed_on, situation.today)
        return [] if lately else [opening]

    return check


def _lately(closed_on: date | None, today: date) -> bool:
    """Whether an end that can be undone still can be on that day."""
    return closed_on is not None and today <= add_business_days(closed_on, REOPEN_DAYS)


def nothing_erased(opening: str) -> Guard:
    """A guard that nothing of the referral was erased.

    Args:
        opening: the event that opens a new referral, which is what is left otherwise.
    """

    @guard(
        "nothing_erased",
        Text("何も消去されていないこと", "nothing was erased"),
        Text(
            "この案件の情報は消去されています。新しい案件を開いてください。",
            "data of this referral was erased; open a new one",
        ),
        of_the_moment=True,
        needs=(opening,),
        possible=lambda known: not known.erased,
    )
    def check(situation: Situation) -> list[str]:
        return [opening] if situation.referral.erased else []

    return check


def close_reason_allowed(reasons: frozenset[CloseReason], settled_states: frozenset[str]) -> Guard:
    """A guard that a referral ends for one of these reasons.

    Args:
        reasons: those that the flow has.
        settled_states: the only states in which `settled` is a reason.
    """

    def taken_in(state: str) -> Taken:
        possible = reasons if state in settled_states else reasons - {CloseReason.SETTLED}
        values = tuple(reason.value for reason in CloseReason if reason in possible)
        return Taken("/body/close_reason", values)

    @guard(
        "close_reason_allowed",
        Text("この依頼で使える終結事由であること", "the flow knows this reason for closing"),
        Text(
            "この終結事由は、この依頼の種類または現在の状態では使えません。",
            "this reason for closing is not one of this flow, or not of this state",
        ),
        needs=("/body/close_reason",),
        takes=lambda state: (taken_in(state),),
    )
    def check(situation: Situation) -> list[str]:
        reason = body_as(situation, Closed).close_reason
        taken = taken_in(situation.referral.state).values
        return [] if reason.value in taken else ["/body/close_reason"]

    return replace(check, by_state=settled_states)


ONLY_OBJECTED = Taken("/body/close_reason", (CloseReason.PROSECUTOR_OBJECTED.value,))


@guard(
    "closed_for_objection",
    Text("検察官の不相当意見による終結であること", "it is closed for the prosecutor's objection"),
    Text(
        "停止中の終結事由は「検察官の不相当意見」に限られます。",
        "while the objection stands, prosecutor_objected is the only reason for closing",
    ),
    needs=("/body/close_reason",),
    takes=lambda _: (ONLY_OBJECTED,),
)
def closed_for_objection(situation: Situation) -> list[str]:
    """A referral that an objection stopped is closed for that reason only."""
    reason = body_as(situation, Closed).close_reason
    return [] if reason is CloseReason.PROSECUTOR_OBJECTED else ["/body/close_reason"]
