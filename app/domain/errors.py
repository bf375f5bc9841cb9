"""Every way in which a call is refused.

Refusal
├── NotAuthenticated   no token, a bad one or an expired one
│   └── BadProof       the token is bound to a key, and no good proof of it was sent
├── ScopeMissing       the token does not allow this
├── Malformed          not JSON, not UTF-8, not an object
├── Invalid            the shape or a value is wrong
├── TooLarge           more bytes than we read
├── IdReused           the id stands for another message
├── NotFound           no such thing, or not for this caller
├── Stale              the referral has moved since it was read
├── IllegalMove        the state does not take this message
├── PartEnded          the caller's part in the referral has ended
├── NotYourStep        another party's step, or a decider's
├── GuardFailed        a condition of the step is not met
├── AmbiguousRoute     no, or more than one, agency for a party
├── AlreadyRecalled    the message was taken back before
├── RecallImpossible   the sender can recall nothing in this referral any more
├── RecallByRequest    every copy was opened too long ago: its holder has to be asked
├── AlreadyAnswered    the request to return or destroy has another answer
├── NotToPrint         no copy of the message waits to be printed
├── NotSealed          the log is not sealed as far as that
├── TooMany            too many requests
├── ReferralFull       the party has sent as many messages in the referral, or opened as many
│                      below it, as it may
├── TooManyConsents    the agency has recorded as many consents in the case as it may
├── TooManyToday       the agency has done as much of something as it may on one day
├── TooManyWebhooks    the agency has as many endpoints as it may have
├── BundleTooLarge     the case is larger than a bundle may be
├── SecondSeat         whoever proposed an act cannot decide on it
├── NotYourAct         the act is for seats of other roles
├── ActSettled         the act waits for nobody any more
├── ActImpossible      the act could not take effect as things stand
├── TooManyActs        too many proposals wait for a second seat
└── Busy               what it writes is held, or the case moved at every try
"""

import traceback
from collections.abc import Iterable, Mapping
from typing import Any


class Refusal(Exception):
    """A call that is answered with a problem. `facts` are its members on the wire.

    `facts` may repeat ids and field names of the request, but no other value that was sent.
    """

    code = "refused"

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.code)
        self.facts: Mapping[str, Any] = facts


class NotAuthenticated(Refusal):
    """There is no token, or none that is valid."""

    code = "not_authenticated"


class BadProof(NotAuthenticated):
    """The token is bound to a key, and the proof of holding it is missing or not valid."""


class ScopeMissing(Refusal):
    """The token is good, and does not hold the scope that this needs."""

    code = "scope_missing"

    def __init__(self, scope: str) -> None:
        super().__init__(scope=scope)


class Malformed(Refusal):
    """What was sent is not a JSON object in UTF-8."""

    code = "malformed"


class Invalid(Refusal):
    """What was sent is JSON of the wrong shape, or holds a bad value."""

    code = "invalid"

    def __init__(self, errors: Iterable[Mapping[str, Any]]) -> None:
        super().__init__(errors=list(errors))

    @classmethod
    def at(cls, pointer: str, reason: str, takes: Iterable[str] = ()) -> "Invalid":
        """One error at one place; of a closed set, with the values that would be taken."""
        listed = {"takes": list(takes)}
        return cls([{"pointer": pointer, "reason": reason, **(listed if listed["takes"] else {})}])


class TooLarge(Refusal):
    """More was sent than is read."""

    code = "too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(limit_bytes=limit)


class IdReused(Refusal):
    """The id was used before: with other content, or by somebody else."""

    code = "id_reused"


class NotFound(Refusal):
    """There is no such thing, or this caller may not know of it. Both give the same answer."""

    code = "not_found"


class Stale(Refusal):
    """`If-Match` names a version that is no longer current."""

    code = "stale"

    def __init__(self, version: str) -> None:
        super().__init__(version=version)


class IllegalMove(Refusal):
    """The state does not take this message."""

    code = "illegal_move"

    def __init__(self, state: str, actions: Iterable[Mapping[str, Any]]) -> None:
        super().__init__(state=state, actions=list(actions))


class PartEnded(Refusal):
    """The caller's agency was a party and is none any more: it can send nothing here."""

    code = "part_ended"


class NotYourStep(Refusal):
    """The step exists, for another party or for a decider's seat."""

    code = "not_your_step"

    def __init__(self, by: Iterable[str], seat: str, actions: Iterable[Mapping[str, Any]]) -> None:
        super().__init__(by=sorted(by), seat=seat, actions=list(actions))


class GuardFailed(Refusal):
    """One or more conditions of the step are not met."""

    code = "guard_failed"

    def __init__(self, guards: Iterable[Mapping[str, Any]]) -> None:
        super().__init__(guards=list(guards))


class AmbiguousRoute(Refusal):
    """The jurisdiction gives no agency for a party, or several."""

    code = "ambiguous_route"

    def __init__(self, party: str, candidates: Iterable[Mapping[str, str]]) -> None:
        super().__init__(party=party, candidates=list(candidates))


class AlreadyRecalled(Refusal):
    """The message was taken back before, for another reason, or cannot be printed any more."""

    code = "already_recalled"


class RecallImpossible(Refusal):
    """The sender can recall nothing any more. `reason` is a code."""

    code = "recall_impossible"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason


class RecallByRequest(Refusal):
    """The copies were opened or acknowledged too long ago: these agencies have to be asked."""

    code = "recall_by_request"

    def __init__(self, agencies: Iterable[str]) -> None:
        super().__init__(agencies=sorted(agencies))


class AlreadyAnswered(Refusal):
    """The request to return or destroy was answered before, and otherwise."""

    code = "already_answered"


class NotToPrint(Refusal):
    """Every recipient of the message takes part itself, so nothing of it is printed."""

    code = "not_to_print"


class NotSealed(Refusal):
    """The newest checkpoint of the log, of `size` leaves, does not reach that far."""

    code = "not_sealed"

    def __init__(self, size: int) -> None:
        super().__init__(size=size)


class TooMany(Refusal):
    """More requests than this client may make."""

    code = "too_many"

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after=retry_after)


class ReferralFull(Refusal):
    """The party has sent as many messages in the referral as it may, or opened as many below it."""

    code = "referral_full"

    def __init__(self, messages: int) -> None:
        super().__init__(limit_messages=messages)


class TooManyConsents(Refusal):
    """The agency has recorded as many consents in the case as it may."""

    code = "too_many_consents"

    def __init__(self, consents: int) -> None:
        super().__init__(limit_consents=consents)


class TooManyToday(Refusal):
    """The agency has done as much of something on this day as it may.

    `of` is `messages` (in one referral), or a name of `DayLimits`.
    """

    code = "too_many_today"

    def __init__(self, limit: int, retry_after: int, of: str = "messages") -> None:
        in_messages = {"limit_messages": limit} if of == "messages" else {}
        super().__init__(of=of, limit=limit, **in_messages, retry_after=retry_after)


class BundleTooLarge(Refusal):
    """One bundle cannot hold what was asked for. Each of `parts` is one that can be asked for."""

    code = "bundle_too_large"

    def __init__(self, messages: int, limit: int, parts: Iterable[Mapping[str, Any]]) -> None:
        super().__init__(limit_messages=messages, limit_bytes=limit, parts=list(parts))


class TooManyWebhooks(Refusal):
    """The agency has as many webhooks as it may have."""

    code = "too_many_webhooks"


class SecondSeat(Refusal):
    """A weighty act needs two seats, and this one proposed it."""

    code = "second_seat"


class NotYourAct(Refusal):
    """Seats of other roles propose this act, or decide on it."""

    code = "not_your_act"

    def __init__(self, roles: Iterable[str]) -> None:
        super().__init__(roles=sorted(roles))


class ActSettled(Refusal):
    """The act was decided on, was withdrawn or has expired."""

    code = "act_settled"

    def __init__(self, state: str) -> None:
        super().__init__(state=str(state))


class ActImpossible(Refusal):
    """The act cannot take effect at present. `reason` is a code."""

    code = "act_impossible"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason


class TooManyActs(Refusal):
    """Too many proposals of the agency wait for a second seat."""

    code = "too_many_acts"


class Busy(Refusal):
    """Others hold or change all the time what the call writes; it can be made again."""

    code = "busy"

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__(retry_after=retry_after)


def raised_at(error: BaseException) -> str:
    """The type of an exception and where it was raised, for a line of the log.

    Its text is left out: it may hold what somebody sent, or a URL with a secret in it.
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{f.filename}:{f.lineno} {f.name}" for f in reversed(frames[-12:]))
    return f"{type(error).__name__} at {places}"
