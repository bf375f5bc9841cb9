"""What is known of every message that ends or stops a referral, or ends another party's part.

Three questions are answered for each: who is hurt if it is sent wrongly, how they object, and how
it is undone. A table with such a row that has no answers here cannot be built.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExitAnswers:
    """The answers for one event of a flow."""

    hurts: str
    """Who is hurt if it is sent wrongly or in bad faith."""
    objects: str
    """How they can object."""
    undone_by: tuple[str, ...] = ()
    """The events that undo it. Without one it needs a decider's seat."""
    pauses: bool = False
    """It pauses one step of the work and stops nothing else, so it needs no decider's seat."""


NEW_REFERRAL = "the referral is opened anew"
TOLD = "every party is told at once"

EXITS: Mapping[str, ExitAnswers] = {
    "withdraw_consent": ExitAnswers(
        "the person, whose support stops",
        f"{TOLD}; the deciding party does not confirm it",
        ("renew_consent",),
    ),
    "decline": ExitAnswers(
        "the person, whose support stops",
        f"{TOLD}; the deciding party does not confirm it",
        ("retract_decline",),
    ),
    "die": ExitAnswers(
        "the person, whose support stops",
        f"{TOLD}; the deciding party does not confirm it",
        ("retract_death",),
    ),
    "confirm_withdrawal": ExitAnswers("the person", NEW_REFERRAL),
    "confirm_decline": ExitAnswers("the person", NEW_REFERRAL),
    "confirm_death": ExitAnswers("the person", NEW_REFERRAL),
    "close": ExitAnswers("the person, and whoever still works for them", NEW_REFERRAL),
    "not_select": ExitAnswers("the person", NEW_REFERRAL),
    "confirm_return": ExitAnswers("the person", "the office asks another center"),
    "withdraw_request": ExitAnswers("the person", NEW_REFERRAL),
    "refuse": ExitAnswers("the person, whose data is destroyed", NEW_REFERRAL),
    "verdict_imprisonment": ExitAnswers("the person", NEW_REFERRAL),
    "report_contact_ban": ExitAnswers(
        "the person, who is not visited",
        "the other party is told at once",
        ("lift_contact_ban",),
        pauses=True,
    ),
    "skip_relief": ExitAnswers(
        "the person, and the probation office, whose part ends", "the office is told of its end"
    ),
    "decline_request": ExitAnswers("the person", "the request is sent to another center"),
    "return_case": ExitAnswers("the person", "the parent goes on; another center is asked"),
    "withdraw": ExitAnswers("the destination center", "the parent goes on"),
    "complete": ExitAnswers("the origin center", "the parent goes on"),
    "offer_transfer": ExitAnswers(
        "the destination center, whose work waits", "it refuses", ("refuse_transfer",)
    ),
}
"""The answers by event, for the flows together."""
