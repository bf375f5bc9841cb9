"""Ends of a referral: a reason, a decline, a withdrawal, a death, or the end of its parent."""

from collections.abc import Mapping
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from app.domain.classes import C0, C7
from app.domain.messages.body import Body
from app.domain.messages.facts import Fact
from app.domain.messages.fields import AgencyId, PastDay, Several, Words
from app.domain.messages.order import not_after
from app.domain.vocabulary.closing import CloseReason, ReopenReason


class Ended(Body):
    """A message that ends a referral for a reason of its own."""

    REASON: ClassVar[CloseReason]

    def facts(self) -> Mapping[str, Fact]:
        """The reason."""
        return {"close_reason": self.REASON.value}


class Closed(Body):
    """The closing notice (終結, M-a7)."""

    close_reason: Annotated[CloseReason, C0, Field(title="終結事由")]
    closed_on: Annotated[PastDay, C0, Field(title="終結日")]
    remaining_tasks_to: Annotated[
        tuple[AgencyId, ...] | None, C0, Several, Field(title="残る支援の引継ぎ先")
    ] = None
    followup_id: Annotated[
        UUID | None, C0, Field(title="フォローアップの番号", description="If one is opened.")
    ] = None

    def facts(self) -> Mapping[str, Fact]:
        """The reason."""
        return {"close_reason": self.close_reason.value}


class Reopened(Body):
    """The deciding agency takes back the end of the referral, which goes on where it was."""

    reopen_reason: Annotated[ReopenReason, C0, Field(title="再開事由")]
    reopened_on: Annotated[PastDay, C0, Field(title="再開日")]

    def facts(self) -> Mapping[str, Fact]:
        """There is no reason for an end any more."""
        return {"close_reason": None}


class Died(Body):
    """The person is reported to have died. Days and texts stay until that is confirmed."""

    died_on: Annotated[
        PastDay | None, C0, Field(title="死亡日", description="Left out when the day is not known.")
    ] = None


class DeathConfirmed(Ended):
    """The deciding agency has confirmed that the person has died; every clock stops."""

    REASON = CloseReason.DIED

    confirmed_on: Annotated[PastDay, C0, Field(title="確認日")]
    died_on: Annotated[
        PastDay | None, C0, Field(title="死亡日", description="Left out when the day is not known.")
    ] = None

    _died_before = not_after("confirmed_on", "died_on")


class DeathRetracted(Body):
    """The report of a death was an error."""

    stated_on: Annotated[PastDay, C0, Field(title="申出の日")]


class Declined(Body):
    """The person no longer wants this, in their own words."""

    stated_on: Annotated[PastDay, C0, Field(title="申出の日")]
    own_words: Annotated[
        Words | None,
        C7,
        Field(title="本人の言葉", description="As far as it may be told to the recipients."),
    ] = None


class DeclineConfirmed(Ended):
    """The deciding agency has confirmed that the person declines."""

    REASON = CloseReason.DECLINED_BY_SUBJECT

    confirmed_on: Annotated[PastDay, C0, Field(title="確認日")]


class DeclineRetracted(Body):
    """The person wants to go on after all."""

    stated_on: Annotated[PastDay, C0, Field(title="申出の日")]


class WithdrawalConfirmed(Ended):
    """The deciding agency has confirmed that consent stays withdrawn."""

    REASON = CloseReason.CONSENT_WITHDRAWN

    confirmed_on: Annotated[PastDay, C0, Field(title="確認日")]


class ExitClaimed(Body):
    """The service reports that an exit was recorded and stops nothing, since it was sent too often.

    If it is so, the deciding party sends the same.
    """

    message_id: Annotated[
        UUID | None,
        C0,
        Field(
            title="止めない通信文の番号",
            description="Only if it was sent in this referral, not below it.",
        ),
    ] = None


class SystemEvent(Body):
    """What the service itself reports: it has happened, and nothing more is said."""
