"""The kinds of scene: messages and who can read them, and requests that must be refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from app.domain.text import Text

ALL = "all"
"""In `recipients`: the recipient may open every class that the message has."""
ENDED = "ended"
"""In place of a state: the actor was a party once, and gets no news any more."""
DECIDER, WORKER, VIEWER = "decider", "case_worker", "viewer"


@dataclass(frozen=True, slots=True)
class Actor:
    """An agency that takes part, or from which everything must stay hidden."""

    id: str
    name: Text
    head: Text
    staff: Text

    def seat(self, role: str) -> Text:
        """The title that a role has at this agency."""
        return {DECIDER: self.head, WORKER: self.staff}.get(role, Text("閲覧者", "viewer"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sends:
    """A message that has to be accepted. Then every actor tries to read it, as told here."""

    thread: "Thread"
    who: Actor
    event: str
    on: date
    tale: Text
    body: Mapping[str, Any] = field(default_factory=dict)
    then: str = ""
    """The state of the referral afterwards."""
    recipients: Mapping[Actor, str] = field(default_factory=dict)
    """Which classes each recipient may open, as `C0 C2` or `ALL`. All others get 404."""
    role: str = WORKER
    envelope: Mapping[str, Any] = field(default_factory=dict)
    elsewhere: tuple["Elsewhere", ...] = ()
    lead: Actor | None = None
    """Who leads the case from now on, where that changes."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The facts of the referral afterwards, as recipients of all classes read them."""
    id: UUID = field(default_factory=uuid4)

    @property
    def type(self) -> str:
        """The message type on the wire."""
        return f"{self.thread.flow}.{self.event}"

    @property
    def opens(self) -> bool:
        """Whether it opens its referral."""
        return self.id == self.thread.id


@dataclass(frozen=True, slots=True)
class Thread:
    """A referral of the story. Its id is new each time, so that the story can be played again."""

    flow: str
    id: UUID = field(default_factory=uuid4)

    def opens(self, who: Actor, event: str, on: date, tale: Text, **rest: Any) -> Sends:
        """The message that opens it."""
        return Sends(
            thread=self, who=who, event=event, on=on, tale=tale, role=DECIDER, id=self.id, **rest
        )

    def says(self, who: Actor, event: str, on: date, tale: Text, **rest: Any) -> Sends:
        """A later message, from somebody on the staff."""
        return Sends(thread=self, who=who, event=event, on=on, tale=tale, **rest)

    def decides(self, who: Actor, event: str, on: date, tale: Text, **rest: Any) -> Sends:
        """A later message, from a decider's seat."""
        return Sends(thread=self, who=who, event=event, on=on, tale=tale, role=DECIDER, **rest)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The state of another referral of the case after a message, and who can see it."""

    thread: Thread
    state: str
    seen_by: tuple[Actor, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """The beginning of a chapter, and the actors in it."""

    title: Text
    tale: Text
    cast: tuple[Actor, ...]
    day1: date | None = None
    """The first day of detention, where days are counted."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that has to be refused with this problem, by this guard if one is named."""

    attempt: Sends
    problem: str
    guard: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opens:
    """An earlier message that is opened: which classes can be read, and why no others."""

    who: Actor
    thread: Thread
    message: UUID
    tale: Text
    opened: str = ALL
    because: str = ""
    role: str = DECIDER
    exactly: Mapping[str, Any] | None = None
    """The whole body, where it has to be exactly this."""


@dataclass(frozen=True, slots=True)
class Arrives:
    """A message that is in an inbox and is acknowledged there."""

    who: Actor
    message: UUID
    tale: Text
    urgency: str = "normal"


@dataclass(frozen=True, slots=True)
class Hidden:
    """A referral that an agency must not see: the answer is the same as for an unknown id."""

    who: Actor
    thread: Thread
    tale: Text


@dataclass(frozen=True, slots=True)
class AskedBack:
    """A request to return or destroy data that was shared on a consent, and the answer to it, which
    the agencies in `followed_by` can see."""

    who: Actor
    thread: Thread
    followed_by: tuple[Actor, ...]
    on: date
    tale: Text


@dataclass(frozen=True, slots=True)
class Proves:
    """A case whose evidence bundle, fetched by one agency, has to verify offline. With a message
    taken out it has to fail."""

    who: Actor
    thread: Thread
    tale: Text


Scene: TypeAlias = Chapter | Sends | Refused | Opens | Arrives | Hidden | AskedBack | Proves
