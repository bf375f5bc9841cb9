"""What is known of every message that takes something away from another party.

It ends or stops a referral, moves a part or the lead, changes days that others keep, takes steps
from them, or narrows what they read. Three questions are answered for each: who is hurt if it is
sent wrongly, how they object, and how it is undone. A table with such a row that has no answers
here, or is easier to send than they allow, cannot be built.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a row takes away from others."""

    STOPS = "ends or stops a referral, or another party's part"
    MOVES = "brings in or ends a part, passes the lead, or destroys keys"
    DAYS = "changes days that others keep"
    TAKES = "leads where others can never again send what they could"
    NARROWS = "narrows what others can read"


@dataclass(frozen=True, slots=True)
class ExitAnswers:
    """The answers for one event of a flow."""

    hurts: str
    """Who is hurt if it is sent wrongly or in bad faith."""
    objects: str
    """How they can object."""
    undone_by: tuple[str, ...] = ()
    """The events that undo it. Without one it needs a decider's seat."""
    final: str = ""
    """Why nothing undoes that it ends the referral, and need not."""
    undone_above: tuple[str, ...] = ()
    """What undoes it instead in a flow whose referrals have a parent: it is reported from there."""
    pauses: bool = False
    """It pauses one step of the work and stops nothing else, so it needs no decider's seat."""
    corrected: bool = False
    """It takes nothing but days from others, and a correction, or the same message again, sets
    them right: it needs no decider's seat."""
    claimed: bool = False
    """Who sends it too often records a claim, which stops nothing until the deciding party sends
    the same."""
    unlimited: frozenset[str] = frozenset()
    """Whose deciders send it however often: the deciding party's, or that of the party that
    vouches. Whoever else sends it too often is refused, or records a claim."""
    ordinary: bool = False
    """Work goes on by it, and what others can no longer send has lost its purpose: it needs no
    decider's seat."""


DECIDING, VOUCHING = "deciding", "vouching"
"""In `unlimited`: the party that confirms withdrawals, declines and deaths; the one that vouches
for consents."""
REOPENED = ("reopen",)
"""The event that undoes an end of a referral."""
DECIDERS = frozenset({DECIDING})
NEW_REFERRAL = "the referral is opened anew"
DECIDER_REOPENS = "the deciding party reopens it, within ten business days"
GIVES_UP = "whoever gives up its own part is not made to take it again; it is asked anew"
ALL_NOTIFIED = "every party is told at once"
CORRECTION = "they say so, and the sender corrects it"

EXITS: Mapping[str, ExitAnswers] = {
    "withdraw_consent": ExitAnswers(
        "the person, whose support stops",
        f"{ALL_NOTIFIED}; the deciding party does not confirm it",
        ("renew_consent",),
        undone_above=("consent_confirmed",),
        claimed=True,
        unlimited=frozenset({DECIDING, VOUCHING}),
    ),
    "decline": ExitAnswers(
        "the person, whose support stops",
        f"{ALL_NOTIFIED}; the deciding party does not confirm it",
        ("retract_decline",),
        claimed=True,
        unlimited=frozenset({DECIDING}),
    ),
    "die": ExitAnswers(
        "the person, whose support stops",
        f"{ALL_NOTIFIED}; the deciding party does not confirm it",
        ("retract_death",),
        claimed=True,
        unlimited=frozenset({DECIDING}),
    ),
    "confirm_withdrawal": ExitAnswers("the person", DECIDER_REOPENS, REOPENED, unlimited=DECIDERS),
    "confirm_decline": ExitAnswers("the person", DECIDER_REOPENS, REOPENED, unlimited=DECIDERS),
    "confirm_death": ExitAnswers("the person", DECIDER_REOPENS, REOPENED, unlimited=DECIDERS),
    "close": ExitAnswers(
        "the person, and whoever still works for them",
        DECIDER_REOPENS,
        REOPENED,
        unlimited=DECIDERS,
    ),
    "not_select": ExitAnswers("the person", DECIDER_REOPENS, REOPENED, unlimited=DECIDERS),
    "confirm_return": ExitAnswers(
        "the person", "the office asks another center", REOPENED, unlimited=DECIDERS
    ),
    "withdraw_request": ExitAnswers("the person", DECIDER_REOPENS, REOPENED, unlimited=DECIDERS),
    "refuse": ExitAnswers(
        "the person, whose data is destroyed", NEW_REFERRAL, final="the keys are destroyed"
    ),
    "verdict_imprisonment": ExitAnswers(
        "the person", DECIDER_REOPENS, REOPENED, unlimited=DECIDERS
    ),
    "report_contact_ban": ExitAnswers(
        "the person, who is not visited",
        "the other party is told at once",
        ("lift_contact_ban",),
        pauses=True,
        unlimited=frozenset({DECIDING}),
    ),
    "skip_relief": ExitAnswers(
        "the person, who goes without relief", "the office, which stays, closes or declines"
    ),
    "decline_request": ExitAnswers(
        "the person", "the request is sent to another center", final=GIVES_UP
    ),
    "return_case": ExitAnswers(
        "the person", "the parent goes on; another center is asked", final=GIVES_UP
    ),
    "withdraw": ExitAnswers(
        "the destination center", "the parent goes on", final="the center is asked anew"
    ),
    "complete": ExitAnswers("the origin center", DECIDER_REOPENS, REOPENED, unlimited=DECIDERS),
    "offer_transfer": ExitAnswers(
        "the destination center, whose work waits", "it refuses", ("refuse_transfer",)
    ),
    # Parts, and the lead.
    "transfer_institution": ExitAnswers(
        "the new institution, which has not agreed, and the person",
        "the new institution hands the part back with the same message",
    ),
    "transfer_office": ExitAnswers(
        "the new office, which has not agreed, and the person",
        "the new office hands the part back with the same message",
    ),
    "request_cooperation": ExitAnswers("the center, which is brought in", "it returns the request"),
    "request_center": ExitAnswers("the center, which is brought in", "it declines"),
    "ask_opinion": ExitAnswers(
        "the person, whose referral the prosecutor learns of, and the prosecutor, who has a term",
        "the prosecutor objects; the office closes",
    ),
    "ask_probation": ExitAnswers(
        "the person, whose plan the probation office learns of", "counsel withdraws consent"
    ),
    "decline_capacity": ExitAnswers("the person", "the office asks another center"),
    "accept": ExitAnswers("the office, which can no longer withdraw its request", "it closes"),
    "accept_transfer": ExitAnswers(
        "the origin center, which no longer leads", "it was the one to offer"
    ),
    # What cannot be taken back: the state of the proceedings.
    "release_disposition": ExitAnswers(
        "the person, and the center, whose visits end", NEW_REFERRAL
    ),
    "indict": ExitAnswers("the person, and the center, whose visits end", NEW_REFERRAL),
    "bail": ExitAnswers("the person, and whoever had to report the verdict", NEW_REFERRAL),
    "verdict_release": ExitAnswers(
        "the person, and whoever had to report the verdict", NEW_REFERRAL
    ),
    "report_outcome": ExitAnswers("the person, and the center, whose visits end", NEW_REFERRAL),
    # Days that others keep.
    "approve_relief": ExitAnswers("the center, which keeps the last day", CORRECTION),
    "extend_relief": ExitAnswers("the center, which keeps the last day", CORRECTION),
    "end_relief": ExitAnswers("the person, whose priority support ends early", CORRECTION),
    "no_objection": ExitAnswers("the office, which waits for the opinion", CORRECTION),
    "object": ExitAnswers("the person, whose support stops", "the prosecutor changes the opinion"),
    "query": ExitAnswers("the office, which has to answer", CORRECTION, corrected=True),
    "answer_query": ExitAnswers("whoever asked", "they ask again", corrected=True),
    "change_custody": ExitAnswers("whoever keeps the day of release", CORRECTION, corrected=True),
    "prepare_release": ExitAnswers("whoever keeps the day of release", CORRECTION, corrected=True),
    # Ordinary work.
    "explain": ExitAnswers(
        "the office, whose answer was to come before",
        "it answers by what it sends next",
        ordinary=True,
    ),
    "draft_provisional": ExitAnswers(
        "the office, which can no longer report a ban of visits",
        "the visits are over",
        ordinary=True,
    ),
    "apply_relief": ExitAnswers(
        "the center, which can no longer go on without the office",
        "the office decides on it",
        ordinary=True,
    ),
    "share_plan": ExitAnswers(
        "the center, whose visits end", "it shares a plan of its own", ordinary=True
    ),
    "start_seeking": ExitAnswers(
        "the origin center, which no longer assigns tasks", "it withdraws", ordinary=True
    ),
}
"""The answers by event, for the flows together."""
