"""Prints the story in one language: who does what, when, and who can see it."""

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
    """Prints the story. It checks nothing; `Player` does."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._step = 0
        self._day1: date | None = None

    def print_opening(self, url: str, now: datetime) -> None:
        """Print the service's URL and clock, and what the letters of the classes mean."""
        self._print(f"{self._t(TITLE)}   {url}   {self._t(CLOCK)} {now:%Y-%m-%d %H:%M} (+09:00)")
        self._print(self._t(INVENTED))
        classes = (f"{c.value} {self._t(title)}" for c, title in CLASS_TITLES.items())
        self._print(self._t(CLASSES) + self._t(COMMA).join(classes))

    def print_chapter(self, chapter: Chapter) -> None:
        """Print the heading of a chapter."""
        self._day1 = chapter.day1
        self._print()
        self._print(f"━━ {self._t(chapter.title)} ━━")
        self._print(self._t(chapter.tale))

    def print_step(self, sends: Sends, accepted_at: str | None) -> None:
        """Print who sends which message, and when it was accepted."""
        self._step += 1
        seat = sends.who.seat(sends.role)
        who = f"{self._t(sends.who.name)}・{self._t(seat)}"
        if self.language == "en":
            who = f"{_capital(sends.who.name.en)}, {seat.en}"
        self._print()
        self._print(
            f"{self._step:3}. {self._day_text(sends.on)}{self._day_of_detention(sends.on)}  {who}"
        )
        self._print(INDENT + self._t(sends.tale))
        clock = f"   {self._t(ACCEPTED)} {accepted_at[11:23]}" if accepted_at else ""
        title = FLOWS[sends.thread.flow].bodies[sends.type].TITLE
        self._print(f"{INDENT}→ {self._t(title)} {sends.type}{clock}")

    def print_aside(self, who: Actor, tale: Text) -> None:
        """Print who looks at something."""
        self._print()
        self._print(f"   · {_capital(self._t(who.name))}{self._t(COLON)}{self._t(tale)}")

    def print_state(self, flow: str, state: str, where: Text | None = None) -> None:
        """Print the state of a referral."""
        label = self._t(where or STATE)
        self._print(f"{INDENT}{label}  {self._t(FLOWS[flow].states[state])} ({state})")

    def print_readers(self, readers: Iterable[tuple[Actor, str]]) -> None:
        """Print which classes each recipient can open."""
        words = [f"{self._t(who.name)} {what}" for who, what in readers]
        self._print(
            f"{INDENT}{self._t(SEES)}  {self._t(SLASH).join(words) or self._t(ONLY_SENDER)}"
        )

    def print_others(self, actors: Iterable[tuple[Actor, str | None]]) -> None:
        """Print who cannot see the message, with the state of the referral for its parties."""
        words = [self._t(who.name) + self._state_note(state) for who, state in actors]
        if words:
            self._print(f"{INDENT}{self._t(SEES_NOT)}  404 {self._t(SLASH).join(words)}")

    def print_lead(self, who: Actor) -> None:
        """Print who leads the case from now on."""
        self._print(f"{INDENT}{self._t(LEAD)}  {self._t(who.name)}")

    def print_facts(self, facts: Mapping[str, Any]) -> None:
        """Print the facts of a referral, such as its deadlines."""
        words = [
            f"{self._t(FACTS[name])} {self._fact_text(value)}" for name, value in facts.items()
        ]
        self._print(f"{INDENT}{self._t(FACT)}  {self._t(SLASH).join(words)}")

    def print_opened_classes(self, classes: str, withheld: Iterable[str], because: str) -> None:
        """Print the classes that were opened, and why others are withheld."""
        hidden = " ".join(withheld)
        end = (
            f"   {self._t(HIDDEN)} {hidden}{self._t(COLON)}{self._t(REASONS[because])}"
            if hidden
            else ""
        )
        self._print(f"{INDENT}{self._t(OPENS)}  {classes or self._t(NOTHING)}{end}")

    def print_body(self, body: Mapping[str, Any]) -> None:
        """Print a body as it was read."""
        self._print(f"{INDENT}{self._t(BODY)}  {json.dumps(body, ensure_ascii=False)}")

    def print_refusal(self, problem: Mapping[str, Any]) -> None:
        """Print the problem with which the service refused."""
        self._print(
            f"{INDENT}× {problem['status']} {problem['title']}{self._t(STOP)}{problem['detail']}"
        )
        for guard in problem.get("guards", ()):
            self._print(f"{INDENT}  {guard['name']}{self._t(COLON)}{guard['reason']}")

    def print_inbox_item(self, position: int, urgency: str) -> None:
        """Print an inbox item that was acknowledged."""
        self._print(f"{INDENT}{self._t(INBOX)}  no. {position}, {urgency}{self._t(RECEIVED)}")

    def print_return_request(
        self, classes: Iterable[str], due_on: date, agencies: Iterable[Actor]
    ) -> None:
        """Print a return request, and that the classes were destroyed."""
        due = f"({self._t(BY)} {self._day_text(due_on)})"
        self._print(f"{INDENT}{self._t(ASKED)}  {' '.join(classes)} {due}")
        names = self._t(SLASH).join(self._t(who.name) for who in agencies)
        self._print(f"{INDENT}{self._t(ANSWERED)}  {self._t(DESTROYED)} → {names}")

    def print_proof(self, size: int, messages: int, entries: int, withheld: int) -> None:
        """Print the counts of a bundle that verifies."""
        counts = self._t(PROVED).format(
            size=round(size / 1024), messages=messages, entries=entries, withheld=withheld
        )
        self._print(f"{INDENT}{self._t(BUNDLE)}  {counts}")

    def print_failed_proof(self, file: str) -> None:
        """Print the file that the verifier misses in an incomplete bundle."""
        self._print(f"{INDENT}{self._t(ONE_TAKEN)}  × {file}")

    def print_end(self, messages: int, checks: int) -> None:
        """Print that everything was as told."""
        self._print()
        self._print(self._t(AS_TOLD).format(messages=messages, checks=checks))

    def _state_note(self, state: str | None) -> str:
        if state is None:
            return ""
        words = self._t(NO_PARTY) if state == ENDED else state
        return f"({words})" if self.language == "ja" else f" ({words})"

    def _day_of_detention(self, day: date) -> str:
        if self._day1 is None:
            return ""
        return self._t(HELD).format(number=(day - self._day1).days + 1)

    def _fact_text(self, value: Any) -> str:
        if isinstance(value, date):
            return self._day_text(value)
        if value is None or isinstance(value, bool):
            return self._t(YES if value else NO)
        return str(value)

    def _day_text(self, day: date) -> str:
        if self.language == "en":
            return f"{WEEKDAYS.en.split()[day.weekday()]} {day:%Y-%m-%d}"
        return f"{day.month}月{day.day}日({WEEKDAYS.ja[day.weekday()]})"

    def _t(self, text: Text) -> str:
        return text.in_language(self.language)

    def _print(self, line: str = "") -> None:
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
