"""Guards of stopping and ending: withdrawals, renewals, reasons for closing."""

from dataclasses import replace

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
)
def consent_withdrawn(situation: Situation) -> list[str]:
    """A withdrawal is confirmed only while the referral is suspended."""
    return [] if situation.referral.suspended else ["withdraw_consent"]


@guard(
    "ancestors_not_suspended",
    Text("親の依頼が同意停止中でないこと", "no referral above is suspended"),
    Text(
        "親の依頼が同意停止中です。先に親の依頼で同意を得てください。",
        "a referral above is suspended; consent must be renewed there first",
    ),
    needs=("/parent",),
)
def ancestors_not_suspended(situation: Situation) -> list[str]:
    """A referral is not resumed while one above it is suspended."""
    stopped = any(above.suspended for above in situation.case.ancestors(situation.referral))
    return ["/parent"] if stopped else []


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
