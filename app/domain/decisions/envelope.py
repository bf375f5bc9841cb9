"""The check of a message's envelope: one for openings, later messages, corrections and papers.

What a kind of message does not do is refused, with its place and the reason `not_taken`.
"""

from collections.abc import Iterator
from datetime import date

from app.domain.cases.case import Referral
from app.domain.decisions.sharing import readable_classes
from app.domain.decisions.submission import Submission
from app.domain.directory.agencies import KINDS
from app.domain.errors import Invalid
from app.domain.messages.days import impossible_days
from app.domain.messages.fields import NOT_YET
from app.domain.messages.message import Message
from app.domain.state_machine.guards.base import checks_that_it_has_come
from app.domain.state_machine.step import Step

NOT_TAKEN = "not_taken"
UNKNOWN_MESSAGE = "unknown_message"

Wrong = tuple[str, str]
"""A place in the envelope, and what is wrong there."""


def check_envelope(step: Step, submission: Submission, referral: Referral) -> None:
    """Refuse an envelope that says what its kind of message does not take, or what cannot be.

    Args:
        step: the row to take; for a correction, the row of the message that it corrects.
        referral: as it is before the step.

    Raises:
        Invalid: with a pointer to each. Unreadable and nonexistent cannot be told apart.
    """
    message = submission.message
    wrong = [
        *_fields_not_taken(step, message),
        *_days_to_come(message, submission.at.date()),
        *_impossible_days(step, submission),
        *_wrong_reply(submission),
        *_wrong_shares(step, submission, referral),
        *_wrong_consents(submission, referral),
        *_unknown_recipients(submission),
    ]
    if wrong:
        raise Invalid({"pointer": pointer, "reason": reason} for pointer, reason in wrong)


def _fields_not_taken(step: Step, message: Message) -> Iterator[Wrong]:
    """Fields that this kind of message does not have. A correction repeats who received it."""
    correction = message.corrects is not None
    given = {
        "/corrects": message.opens and correction,
        "/parent": not message.opens and message.parent is not None,
        "/to": correction and bool(message.to),
        "/paper_origin": correction and message.paper_origin is not None,
        "/shared_messages": bool(message.shared_messages) and (correction or not step.shares),
        # What is withdrawn stands in the body; here it would look as if it chose.
        "/consent_ids": bool(message.consent_ids) and message.body.consents_withdrawn() is not None,
    }
    yield from ((pointer, NOT_TAKEN) for pointer, refused in given.items() if refused)


def _days_to_come(message: Message, today: date) -> Iterator[Wrong]:
    if message.occurred_on > today:
        yield "/occurred_on", NOT_YET
    if message.paper_origin is not None and message.paper_origin.received_on > today:
        yield "/paper_origin/received_on", NOT_YET


def _impossible_days(step: Step, submission: Submission) -> Iterator[Wrong]:
    """Days of the body that cannot be. That one has come is left to a guard, if the row has it."""
    for pointer, reason in impossible_days(submission.message.body, submission.at.date()):
        field = pointer.removeprefix("/body/")
        if reason != NOT_YET or not checks_that_it_has_come(step.guards, field):
            yield pointer, reason


def _wrong_reply(submission: Submission) -> Iterator[Wrong]:
    answered = submission.message.in_reply_to
    known = submission.case.references.get(answered) if answered else None
    if answered and (known is None or known.reader(submission.caller.agency_id) is None):
        yield "/in_reply_to", UNKNOWN_MESSAGE


def _wrong_shares(step: Step, submission: Submission, referral: Referral) -> Iterator[Wrong]:
    message, case = submission.message, submission.case
    if not step.shares or message.corrects is not None:
        return
    above = {parent.id for parent in case.ancestors(referral)}
    for index, shared in enumerate(message.shared_messages):
        known = case.references.get(shared)
        if (
            known is None
            or known.referral_id not in above
            or not readable_classes(known, submission)
        ):
            yield f"/shared_messages/{index}", UNKNOWN_MESSAGE
        elif known.recalled:
            yield f"/shared_messages/{index}", "recalled"
        elif shared in message.shared_messages[:index]:
            yield f"/shared_messages/{index}", "given_twice"


def _unknown_recipients(submission: Submission) -> Iterator[Wrong]:
    """Recipients of a recorded consent that are neither an agency nor a kind of agency.

    They lie in clear, so that nothing else that somebody types may stand there.
    """
    record = submission.message.body.consent_record()
    for index, recipient in enumerate(record.recipients if record else ()):
        if recipient not in KINDS and submission.directory.agency(recipient) is None:
            yield f"/body/recipients/{index}", "unknown_agency"


def _wrong_consents(submission: Submission, referral: Referral) -> Iterator[Wrong]:
    message, case = submission.message, submission.case
    if not message.consent_ids:
        return
    own = message.body.consent_record()
    known = {c.record.id for c in case.known_consents(referral)}
    bound = known | ({own.id} if own else set())
    for index, consent in enumerate(message.consent_ids):
        if consent not in bound:
            yield f"/consent_ids/{index}", "unknown_consent"
