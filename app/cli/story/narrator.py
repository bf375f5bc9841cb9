"""Tells the story in one language: who does what, when, and who can see it."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import typer

from app.cli.story.scene import ENDED, Actor, Chapter, Sends
from app.domain.classes import CLASS_TITLES
from app.domain.flows import FLOWS
from app.domain.text import Text

WEEKDAYS = Text("月火水木金土日", "Mon Tue Wed Thu Fri Sat Sun")
INDENT = "     "
FACTS: Mapping[str, Text] = {
    "release_on": Text("釈放予定日", "day of release"),
    "detention_end10": Text("勾留の10日目", "tenth day of detention"),
    "detention_end20": Text("勾留の20日目", "twentieth day of detention"),
    "extended_to": Text("勾留延長の満了日", "detention extended to"),
    "response_due": Text("回答期限", "answer due"),
    "readiness": Text("調整の状況", "readiness"),
    "objection": Text("検察官の不相当意見", "objection"),
    "relief_until": Text("更生緊急保護の期限", "relief until"),
}
REASONS: Mapping[str, Text] = {
    "not_your_class": Text("渡していない", "not given"),
    "not_your_seat": Text("この席では開けない", "not for this seat"),
    "no_consent": Text("有効な同意がない", "no valid consent"),
    "consent_withdrawn": Text("同意が撤回された", "consent withdrawn"),
    "party_ended": Text("もう当事者ではない", "no longer a party"),
    "erased": Text("鍵を消した", "keys destroyed"),
}


class Narrator:
    """Prints. Knows nothing of what is true; that is the player's."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._step = 0
        self._day1: date | None = None

    def opening(self, url: str, now: datetime) -> None:
        """Where it plays, when, and what the letters mean."""
        self._line(f"{self._t(TITLE)}   {url}   {self._t(CLOCK)} {now:%Y-%m-%d %H:%M} (+09:00)")
        self._line(self._t(INVENTED))
        classes = (f"{c.value} {self._t(title)}" for c, title in CLASS_TITLES.items())
        self._line(self._t(CLASSES) + self._t(COMMA).join(classes))

    def chapter(self, chapter: Chapter) -> None:
        """A new chapter."""
        self._day1 = chapter.day1
        self._line()
        self._line(f"━━ {self._t(chapter.title)} ━━")
        self._line(self._t(chapter.tale))

    def step(self, sends: Sends, accepted_at: str | None) -> None:
        """Somebody does something."""
        self._step += 1
        seat = sends.who.seat(sends.role)
        who = f"{self._t(sends.who.name)}・{self._t(seat)}"
        if self.language == "en":
            who = f"{_capital(sends.who.name.en)}, {seat.en}"
        self._line()
        self._line(f"{self._step:3}. {self._day(sends.on)}{self._held(sends.on)}  {who}")
        self._line(INDENT + self._t(sends.tale))
        clock = f"   {self._t(ACCEPTED)} {accepted_at[11:23]}" if accepted_at else ""
        title = FLOWS[sends.thread.flow].bodies[sends.type].TITLE
        self._line(f"{INDENT}→ {self._t(title)} {sends.type}{clock}")

    def aside(self, who: Actor, tale: Text) -> None:
        """Somebody looks at something."""
        self._line()
        self._line(f"   · {_capital(self._t(who.name))}{self._t(COLON)}{self._t(tale)}")

    def state(self, flow: str, state: str, where: Text | None = None) -> None:
        """Where a referral stands."""
        label = self._t(where or STATE)
        self._line(f"{INDENT}{label}  {self._t(FLOWS[flow].states[state])} ({state})")

    def visible(self, found: Iterable[tuple[Actor, str]]) -> None:
        """Who can open what."""
        told = [f"{self._t(who.name)} {what}" for who, what in found]
        self._line(f"{INDENT}{self._t(SEES)}  {self._t(SLASH).join(told) or self._t(ONLY_SENDER)}")

    def invisible(self, actors: Iterable[tuple[Actor, str | None]]) -> None:
        """Who finds nothing, and where the referral stands for those who know of it."""
        told = [self._t(who.name) + self._stands(state) for who, state in actors]
        if told:
            self._line(f"{INDENT}{self._t(SEES_NOT)}  404 {self._t(SLASH).join(told)}")

    def lead(self, who: Actor) -> None:
        """Who leads from now on."""
        self._line(f"{INDENT}{self._t(LEAD)}  {self._t(who.name)}")

    def facts(self, facts: Mapping[str, Any]) -> None:
        """Days to keep, and the other things that a referral says of itself."""
        told = [f"{self._t(FACTS[name])} {self._fact(value)}" for name, value in facts.items()]
        self._line(f"{INDENT}{self._t(FACT)}  {self._t(SLASH).join(told)}")

    def opened(self, classes: str, withheld: Iterable[str], because: str) -> None:
        """What was opened, and why no more."""
        hidden = " ".join(withheld)
        end = (
            f"   {self._t(HIDDEN)} {hidden}{self._t(COLON)}{self._t(REASONS[because])}"
            if hidden
            else ""
        )
        self._line(f"{INDENT}{self._t(OPENS)}  {classes or self._t(NOTHING)}{end}")

    def body(self, body: Mapping[str, Any]) -> None:
        """A body, word for word."""
        self._line(f"{INDENT}{self._t(BODY)}  {json.dumps(body, ensure_ascii=False)}")

    def refused(self, problem: Mapping[str, Any]) -> None:
        """Why it was not accepted, in the service's own words."""
        self._line(
            f"{INDENT}× {problem['status']} {problem['title']}{self._t(STOP)}{problem['detail']}"
        )
        for guard in problem.get("guards", ()):
            self._line(f"{INDENT}  {guard['name']}{self._t(COLON)}{guard['reason']}")

    def inbox(self, position: int, urgency: str) -> None:
        """An item that waited and is acknowledged."""
        self._line(f"{INDENT}{self._t(INBOX)}  no. {position}, {urgency}{self._t(RECEIVED)}")

    def asked_back(self, classes: Iterable[str], due_on: date, seen_by: Iterable[Actor]) -> None:
        """What is asked back, and that it was destroyed."""
        self._line(
            f"{INDENT}{self._t(ASKED)}  {' '.join(classes)} ({self._t(BY)} {self._day(due_on)})"
        )
        names = self._t(SLASH).join(self._t(who.name) for who in seen_by)
        self._line(f"{INDENT}{self._t(ANSWERED)}  {self._t(DESTROYED)} → {names}")

    def proved(self, size: int, messages: int, entries: int, withheld: int) -> None:
        """A bundle that was checked offline, and found to be whole."""
        counts = self._t(PROVED).format(
            size=round(size / 1024), messages=messages, entries=entries, withheld=withheld
        )
        self._line(f"{INDENT}{self._t(BUNDLE)}  {counts}")

    def not_proved(self, file: str) -> None:
        """A bundle from which a file was taken, and what the check said."""
        self._line(f"{INDENT}{self._t(ONE_TAKEN)}  × {file}")

    def end(self, messages: int, checks: int) -> None:
        """All went as told."""
        self._line()
        self._line(self._t(AS_TOLD).format(messages=messages, checks=checks))

    def _stands(self, state: str | None) -> str:
        if state is None:
            return ""
        words = self._t(NO_PARTY) if state == ENDED else state
        return f"({words})" if self.language == "ja" else f" ({words})"

    def _held(self, day: date) -> str:
        if self._day1 is None:
            return ""
        return self._t(HELD).format(number=(day - self._day1).days + 1)

    def _fact(self, value: Any) -> str:
        if isinstance(value, date):
            return self._day(value)
        if value is None or isinstance(value, bool):
            return self._t(YES if value else NO)
        return str(value)

    def _day(self, day: date) -> str:
        if self.language == "en":
            return f"{WEEKDAYS.en.split()[day.weekday()]} {day:%Y-%m-%d}"
        return f"{day.month}月{day.day}日({WEEKDAYS.ja[day.weekday()]})"

    def _t(self, text: Text) -> str:
        return text.in_language(self.language)

    def _line(self, line: str = "") -> None:
        typer.echo(line)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


TITLE = Text("つなぐの物語", "The story of Tsunagu")
CLOCK = Text("サービスの時計", "the service's clock:")
INVENTED = Text(
    "人も出来事も架空です。左の日付は物語の日、「受理」はサービスの時計。"
    "「見える」「見えない」は、各機関のトークンで実際に読んで確かめています。",
    "People and events are invented. Dates on the left are the story's; `accepted` is by the"
    " service's clock. What each agency sees has really been read with its own token.",
)
CLASSES = Text("情報の種類: ", "Classes of data: ")
COMMA = Text("、", ", ")
COLON = Text(":", ": ")
STOP = Text("。", ". ")
SLASH = Text(" / ", " / ")
STATE = Text("状態    ", "state   ")
LEAD = Text("主担当  ", "lead    ")
SEES = Text("見える  ", "sees    ")
SEES_NOT = Text("見えない", "sees not")
ONLY_SENDER = Text("送った機関だけ", "the sender alone")
NO_PARTY = Text("当事者でなくなった", "no longer a party")
HELD = Text("・勾留{number}日目", ", day {number} of detention")
FACT = Text("記録    ", "facts   ")
OPENS = Text("開ける  ", "opens   ")
HIDDEN = Text("伏せる", "withheld")
NOTHING = Text("なし", "nothing")
BODY = Text("本文全部", "all of it")
INBOX = Text("受信箱  ", "inbox   ")
RECEIVED = Text(" → 受領を記録", " → acknowledged")
ASKED = Text("求め    ", "asked   ")
BY = Text("期限", "by")
ANSWERED = Text("答え    ", "answer  ")
DESTROYED = Text("廃棄した", "destroyed")
BUNDLE = Text("証拠の束", "bundle  ")
PROVED = Text(
    "{size} KiB、通信文 {messages} 通、記録 {entries} 件、伏せた区分 {withheld}:確かめられた",
    "{size} KiB, {messages} messages, {entries} log entries, {withheld} classes withheld: verified",
)
ONE_TAKEN = Text("一通抜く", "one less")
ACCEPTED = Text("受理", "accepted")
YES, NO = Text("あり", "yes"), Text("なし", "none")
AS_TOLD = Text(
    "おわり。すべて語ったとおりでした(通信文 {messages} 通、確かめたこと {checks} 件)。",
    "The end. All was as told ({messages} messages, {checks} things checked).",
)
