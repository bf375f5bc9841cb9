"""What a story is made of: messages and who can read them, and attempts that must fail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from app.domain.text import Text

ALL = "all"
"""In `told`: the reader may open every class that the message has."""
ENDED = "ended"
"""In place of a state: the actor took part once, and is told nothing any more."""
DECIDER, WORKER, VIEWER = "decider", "case_worker", "viewer"


@dataclass(frozen=True, slots=True)
class Actor:
    """An agency that takes part, or from which all of it must stay hidden."""

    id: str
    name: Text
    head: Text
    staff: Text

    def seat(self, role: str) -> Text:
        """What the holder of a role is called there."""
        return {DECIDER: self.head, WORKER: self.staff}.get(role, Text("閲覧者", "viewer"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sends:
    """A message that is accepted. Then every actor looks for it, and finds what is told here."""

    thread: "Thread"
    who: Actor
    event: str
    on: date
    tale: Text
    body: Mapping[str, Any] = field(default_factory=dict)
    then: str = ""
    """The state in which it leaves the referral."""
    told: Mapping[Actor, str] = field(default_factory=dict)
    """Which classes each recipient may open, as `C0 C2` or `ALL`. All others find nothing."""
    role: str = WORKER
    envelope: Mapping[str, Any] = field(default_factory=dict)
    elsewhere: tuple["Elsewhere", ...] = ()
    lead: Actor | None = None
    """Who leads the case from now on, where that changes."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the referral then says to those who were told."""
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
    """A referral of the story. Its id is new each time, so that a story can be played again."""

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
    """Where another referral of the case stands after a message, for whom."""

    thread: Thread
    state: str
    seen_by: tuple[Actor, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """Where a story of its own begins, and who looks on."""

    title: Text
    tale: Text
    cast: tuple[Actor, ...]
    day1: date | None = None
    """The first day of detention, where days are counted."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that is not accepted, for this problem, and for this guard if it names one."""

    attempt: Sends
    problem: str
    guard: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opens:
    """A message that is there already, opened: what can be read of it now, and why no more."""

    who: Actor
    thread: Thread
    message: UUID
    tale: Text
    opened: str = ALL
    because: str = ""
    role: str = DECIDER
    exactly: Mapping[str, Any] | None = None
    """The whole body, word for word, where that matters."""


@dataclass(frozen=True, slots=True)
class Arrives:
    """A message that waits in an inbox and is acknowledged there."""

    who: Actor
    message: UUID
    tale: Text
    urgency: str = "normal"


@dataclass(frozen=True, slots=True)
class Hidden:
    """A referral of which an agency finds no trace: it looks exactly like one that never was."""

    who: Actor
    thread: Thread
    tale: Text


@dataclass(frozen=True, slots=True)
class AskedBack:
    """A request to return or destroy what was told on a consent, and its answer, which those who
    follow it see."""

    who: Actor
    thread: Thread
    followed_by: tuple[Actor, ...]
    on: date
    tale: Text


@dataclass(frozen=True, slots=True)
class Proves:
    """A case, proved offline with the evidence bundle of one agency; and a bundle from which a
    message was taken, which says so."""

    who: Actor
    thread: Thread
    tale: Text


Scene: TypeAlias = Chapter | Sends | Refused | Opens | Arrives | Hidden | AskedBack | Proves
