"""Guards of what the party that vouches says of consents: there is something to say it of."""

from app.domain.cases.case import SUSPENDED
from app.domain.state_machine.guard import Guard, Situation
from app.domain.state_machine.guards.base import guard
from app.domain.state_machine.known import KnownConsent, KnownSituation, kinds_of_consents
from app.domain.text import Text


def claim_waits(*, confirms: bool) -> Guard:
    """A guard that a claim waits for the party that vouches.

    Args:
        confirms: the message confirms it. While the referral is suspended, a claim in one below it
            cannot be: that would end the suspension for a consent that does not bind it.
    """

    def possible(known: KnownSituation) -> bool:
        suspended = SUSPENDED in {known.state, *known.back}
        below = KnownConsent.CLAIMED_BELOW in known.consents and not (confirms and suspended)
        return below or KnownConsent.CLAIMED in known.consents

    @guard(
        "claim_waits",
        Text("確認を待つ同意があること", "a consent waits to be confirmed"),
        Text(
            "この案件には、確認を待っている同意がありません。",
            "no consent that was recorded here or below waits to be confirmed",
        ),
        of_the_moment=True,
        needs=("record_consent",),
        possible=possible,
    )
    def check(situation: Situation) -> list[str]:
        kinds = kinds_of_consents(situation.case, situation.referral, situation.case.consents)
        return [] if kinds - {KnownConsent.WITHDRAWN} else ["record_consent"]

    return check


@guard(
    "withdrawal_recorded",
    Text("撤回された同意があること", "a withdrawn consent is recorded"),
    Text(
        "この案件で記録された同意に、撤回されたものがありません。",
        "no consent that was recorded here is withdrawn",
    ),
    of_the_moment=True,
    needs=("withdraw_consent",),
    possible=lambda known: KnownConsent.WITHDRAWN in known.consents,
)
def withdrawal_recorded(situation: Situation) -> list[str]:
    """A withdrawal is taken back only where a consent of the referral was withdrawn."""
    case, referral = situation.case, situation.referral
    kinds = kinds_of_consents(case, referral, case.known_consents(referral))
    return [] if KnownConsent.WITHDRAWN in kinds else ["withdraw_consent"]
