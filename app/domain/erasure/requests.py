"""Requests to erase what other agencies hold, too: whom they ask, and what becomes of them.

An agency erases alone what nobody else holds, and a mistaken entry that nobody else relies on. For
the rest it asks: each other agency with copies may object, and then nothing is erased. Whoever says
nothing in time agrees, but for a referral that is open, and for what one agency alone holds: these
are erased only if the others have said so.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from app.domain.cases.case import CLOSED
from app.domain.classes import DataClass
from app.domain.erasure.objections import (
    CopyHolder,
    ErasureReason,
    HeldReferral,
    objection_to_command,
)
from app.domain.errors import AlreadyAnswered, NotYourAct
from app.domain.vocabulary.code import Code

OBJECTION_PERIOD = timedelta(days=30)
"""How long the others may object, unless a setting says otherwise."""
PAUSE = timedelta(days=30)
"""After a request that was objected to, lapsed or withdrawn: how long its agency makes no other."""
AGREE = frozenset({"decider"})
"""Roles that agree, since that cannot be undone. Whoever may act for the agency may object."""


class RequestState(Code):
    """The state of a request to erase."""

    PENDING = "pending", "ほかの機関の答えを待つ"
    ERASED = "erased", "消去した"
    OBJECTED = "objected", "異議があった"
    WITHDRAWN = "withdrawn", "取り下げた"
    LAPSED = "lapsed", "要る答えがないまま期限が過ぎた"
    FAILED = "failed", "消去できなかった"


class ErasureAnswer(Code):
    """What an agency with copies answers to a request to erase them."""

    AGREED = "agreed", "応じる"
    OBJECTED = "objected", "異議がある"


_PAUSED = frozenset({RequestState.OBJECTED, RequestState.LAPSED, RequestState.WITHDRAWN})

Answers = Mapping[str, str | None]
"""The agencies that were asked, and what each has answered."""
ADDS_NOTHING = frozenset({"withdraw_consent", "retract_withdrawal", "exit_claimed"})
"""The events that a closed referral takes, and that leave it as those who were asked know it."""


def copies_at_stake(
    referral: HeldReferral,
    agency_id: str,
    classes: frozenset[DataClass],
    reason: ErasureReason,
) -> tuple[CopyHolder, ...]:
    """The other agencies that would lose something, so that they are asked before.

    Of an entry by mistake these are those only that rely on it, as for a recall, while it is open.
    An agency that is not connected reads on paper, which stays; it counts while the referral is
    open, since that would end for it. One that is switched off is asked like the others: nobody is
    to use its absence.
    """
    is_open = referral.state != CLOSED
    recallable = is_open and reason is ErasureReason.MISTAKEN_ENTRY
    return tuple(
        reader
        for reader in referral.readers
        if reader.agency_id != agency_id
        and (reader.connected or is_open)
        and (reader.relies_on if recallable else reader.classes) & classes - referral.erased
    )


def objection_to_request(
    referral: HeldReferral, asked: tuple[CopyHolder, ...], at: datetime
) -> str | None:
    """Why the others cannot be asked now; None if they can.

    Returns:
        `already_requested` or `too_soon` by requests of the same agency; `not_closed` if somebody
        would have to agree who cannot answer here.
    """
    if any(request.state == RequestState.PENDING for request in referral.requests):
        return "already_requested"
    if any(_is_recent(r.settled_at, at) for r in referral.requests if r.state in _PAUSED):
        return "too_soon"
    if referral.state != CLOSED and not all(reader.connected for reader in asked):
        return "not_closed"
    return None


def _is_recent(settled_at: datetime | None, at: datetime) -> bool:
    return settled_at is not None and at < settled_at + PAUSE


def check_answer(role: str, state: str, given: str | None, answer: ErasureAnswer) -> None:
    """Refuse an answer that this seat may not give, or that comes too late.

    Until the request has ended, whoever has agreed may still object.

    Args:
        role: of the seat that answers.
        state: of the request.
        given: what its agency has answered before.

    Raises:
        NotYourAct: it agrees, and its seat may not.
        AlreadyAnswered: the request has ended, or its agency has objected.
    """
    if answer is ErasureAnswer.AGREED and role not in AGREE:
        raise NotYourAct(AGREE)
    if state != RequestState.PENDING or given == ErasureAnswer.OBJECTED:
        raise AlreadyAnswered


def verdict(
    referral: HeldReferral,
    agency_id: str,
    classes: frozenset[DataClass],
    reason: ErasureReason,
    answers: Answers,
    *,
    over: bool,
    sent_since: Collection[str] = (),
) -> tuple[RequestState, str | None]:
    """What becomes of a pending request, by all that holds now, and why nothing is erased.

    Args:
        agency_id: which agency asks.
        over: whether the time to object is over.
        sent_since: the types of messages in the referral that are newer than the request. Whoever
            was asked has neither agreed nor kept silent to the erasure of these.
    """
    objection = objection_to_command(referral, agency_id, classes, reason)
    if objection is None:
        at_stake = copies_at_stake(referral, agency_id, classes, reason)
        is_new = any(holder.agency_id not in answers for holder in at_stake)
        objection = "not_now" if is_new or _adds_something(referral, sent_since) else None
    if objection is not None:
        return RequestState.FAILED, objection
    if all(answer == ErasureAnswer.AGREED for answer in answers.values()):
        return RequestState.ERASED, None
    if not over:
        return RequestState.PENDING, None
    nothing_left = erasable(referral, agency_id, classes, answers) <= referral.erased
    lapses = referral.state != CLOSED or nothing_left
    return (RequestState.LAPSED if lapses else RequestState.ERASED), None


def _adds_something(referral: HeldReferral, sent: Collection[str]) -> bool:
    """Whether messages of these types are something that nobody was asked about."""
    events = {event.partition(".")[2] for event in sent}
    return bool(events - ADDS_NOTHING if referral.state == CLOSED else events)


def erasable(
    referral: HeldReferral, agency_id: str, classes: frozenset[DataClass], answers: Answers
) -> frozenset[DataClass]:
    """Those of the classes that may be erased: not what one other agency alone holds, unless it has
    agreed. So only counsel decides on what it alone has said."""

    def is_free(data_class: DataClass) -> bool:
        others = referral.holders_of(data_class) - {agency_id}
        alone = len(others) == 1 and agency_id not in referral.holders_of(data_class)
        return not alone or all(answers.get(o) == ErasureAnswer.AGREED for o in others)

    return frozenset(filter(is_free, classes))
