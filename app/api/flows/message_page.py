"""A message type described in full, in one language: what its page says, before it is laid out.

The service serves the page as HTML (`templates/message.html`), and the flow's page in `docs/` has
it in Markdown. Both lay out what stands here, so they say the same. Words are marked as in
Markdown, by backticks around codes.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.api.flows import message_fields
from app.api.wire.message_examples import answer_example, request_example
from app.domain.cases.case import LEAD, NEW, SYSTEM
from app.domain.classes import CLASS_TITLES, DataClass
from app.domain.flows import BODIES, FLOWS
from app.domain.messages.body import Body
from app.domain.state_machine.copies import RowCopy, classes_of, copies
from app.domain.state_machine.flow_guards import row_guards
from app.domain.state_machine.pages import merged_rows
from app.domain.state_machine.step import BACK, SAME, Step
from app.domain.state_machine.table import Flow
from app.domain.text import Text

AND = Text("、", ", ")
SPACE = Text("", " ")
"""Between two sentences."""
SOURCE = Text("出典: {}", "Source: {}")
OPENS = Text(
    "この通信文は案件を開きます。`POST /v1/referrals` で送ります。",
    "It opens a referral and is sent by `POST /v1/referrals`.",
)
FOLLOWS = Text(
    "開いている案件の中で `POST /v1/referrals/{referral_id}/messages` で送ります。",
    "It is sent in a referral, by `POST /v1/referrals/{referral_id}/messages`.",
)
BY_SERVICE = Text(
    "このサービスが自ら記録する出来事です。どの機関も送れません。",
    "An event that the service itself records. No agency can send it.",
)
CARRIED = Text(
    "緊急度は、送られたものが低くても `{}` になります。",
    "Its urgency is raised to `{}` if a lower one was sent.",
)
CARRIED_IF_SOON = Text(
    "`{1}` が {2} 日以内なら、緊急度は、送られたものが低くても `{0}` になります。",
    "If `{1}` is within {2} days, its urgency is raised to `{0}` if a lower one was sent.",
)
FORM = Text("本文の JSON Schema は `{}` にあります。", "The JSON Schema of its body is at `{}`.")

MOVES = Text(
    "誰が、どの状態で送り、どこへ進むか", "Who may send it, in which state, and what follows"
)
MOVE_COLUMNS = Text(
    "番号 | 状態 | 送信者 | 次の状態 | 条件 | ほかの効果",
    "No. | State | Sender | Next state | Guards | Other effects",
)
NO_MOVES = Text(
    "この流れでは起こりません。", "Nothing that can happen in this flow brings it about."
)
NOT_OPEN_YET = Text("案件はまだない", "there is no referral yet")
SAME_STATE = Text("同じ状態のまま", "stays the same")
STATE_BEFORE = Text("直前の状態に戻る", "returns to the one before")
LEADER = Text("主担当の当事者", "the party that leads")
SERVICE = Text("このサービス", "the service")
DECIDER = Text("{}(決裁者の席)", "{} (a decider's seat)")
JOINS = Text("`{}` が加わる", "`{}` joins")
ENDS = Text("`{}` が当事者でなくなる", "`{}` ceases to be a party")
LEADS = Text("主担当は `{}`", "`{}` leads")
NOBODY_LEADS = Text("主担当なし", "nobody leads")
REPORTS = Text("元の案件に `{}` が記録される", "`{}` is recorded in the parent")
ERASES = Text("鍵を破棄", "keys destroyed")
ON_PAPER = Text(
    "紙で届いたものは `{}` の決裁者が入力する", "on paper, keyed in by a decider of `{}`"
)
SHARES = Text("`shared_messages` を {} で見せられる", "may share `shared_messages` in {}")
ADDED = Text("当初の表を補う行", "completes the first tables")

GUARDS = Text("満たすべき条件", "What must hold first")
GUARD_COLUMNS = Text("符号 | 条件", "Code | Guard")
NO_GUARDS = Text("状態と送信者のほかに条件はありません。", "Nothing but the state and the sender.")

COPIES = Text("誰にどの情報が届くか", "Who receives which data classes")
COPY_COLUMNS = Text("行の番号 | 受け手 | 届く区分 | 備考", "Row No. | Recipient | Classes | Notes")
NO_COPIES = Text("ほかの当事者には届きません。", "No other party receives it.")
CLASSES = Text("この通信文の区分: {}", "Its classes: {}")
IF_NAMED = Text("同意に挙げられた場合", "if the consent names it")
IF_INFORMED = Text(
    "終わる当事者がいることを知らされていた場合", "if it was told of the party that ends"
)
JOINING = Text("新たに加わる機関", "the agency that joins")
LEAVES = Text("当事者でなくなる機関", "the agency that ceases to be this party")
MAY_SEND = Text("自らが送信者の場合を除く", "unless it is the sender")
BY_CONSENT = Text("`C0` のほかは同意のある区分だけ", "beyond `C0` only with consent")

FIELDS = Text("項目", "Fields")
NO_FIELDS = Text("`type` のほかに項目はありません。", "It has no fields but `type`.")

REQUEST = Text("送る例", "Example request")
BODY = Text("本文の例", "Example body")
ANSWER = Text("答え", "The answer")
ACCEPTED = Text(
    "受け付けると `201` で次のように答えます。同じものを送り直すと `200` で同じ答えを返します。"
    "応じないときは `application/problem+json` で答えます。"
    "符号の意味は `GET /problems` にあります。",
    "`201` says that it was accepted. The same sent again gets the same answer with `200`. A"
    " refusal is `application/problem+json`; what its code means is at `GET /problems`.",
)

_WIDTH = 88
"""Characters of a line of JSON."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of words under headings."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Json:
    """An example."""

    value: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The example laid out for reading."""
        return _laid_out(self.value, "")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page, under a heading of its own."""

    anchor: str
    """The same in both languages."""
    title: str
    blocks: tuple[str | Table | Json, ...]
    """A string is a paragraph."""


@dataclass(frozen=True, slots=True)
class MessagePage:
    """All that a page says of a message type."""

    event: str
    title: str
    flow: Flow
    introduction: tuple[str, ...]
    """Paragraphs."""
    sections: tuple[Section, ...]


def message_page(message_type: str, language: str) -> MessagePage:
    """The page of a message type, in one language."""
    flow_name, _, event = message_type.partition(".")
    flow, body = FLOWS[flow_name], BODIES[message_type]
    return MessagePage(
        event=event,
        title=body.TITLE.in_language(language),
        flow=flow,
        introduction=tuple(_introduction(flow, body, language)),
        sections=tuple(_sections(flow, body, language)),
    )


def _introduction(flow: Flow, body: type[Body], language: str) -> Iterator[str]:
    if language == "en" and _says_more(body):
        yield str(body.__doc__)
    if sources := message_fields.sources(body, language):
        yield SOURCE.in_language(language).format("; ".join(sources))
    name, _, event = body.wire_type().partition(".")
    schema = FORM.in_language(language).format(f"GET /v1/flows/{name}/schemas/{event}")
    way_in = _way_in(flow, body).in_language(language)
    yield f"{way_in}{SPACE.in_language(language)}{schema}"
    rule = body.LEAST_URGENCY
    if rule.urgency != "normal":
        words = CARRIED if rule.field is None else CARRIED_IF_SOON
        yield words.in_language(language).format(rule.urgency, rule.field, rule.days)


def _way_in(flow: Flow, body: type[Body]) -> Text:
    if not _is_sent(flow, body):
        return BY_SERVICE
    return OPENS if body.wire_type() in flow.openings else FOLLOWS


def _sections(flow: Flow, body: type[Body], language: str) -> Iterator[Section]:
    rows = [(s, step) for s, step in merged_rows(flow) if step.body is body]
    steps = [step for _, step in rows]
    moves = tuple(_move(flow, n, *row, language) for n, row in enumerate(rows, 1))
    told = _table(MOVE_COLUMNS, moves, language) if moves else NO_MOVES.in_language(language)
    yield _section("states", MOVES, (told,), language)
    yield _section("guards", GUARDS, (_guards(flow, steps, language),), language)
    yield _section("copies", COPIES, tuple(_copies(flow, body, steps, language)), language)
    yield _section("fields", FIELDS, (_fields(body, language),), language)
    if _is_sent(flow, body):
        request, answer = request_example(body.wire_type()), answer_example(body.wire_type())
        yield _section("request", REQUEST, (Json(request),), language)
        accepted = ACCEPTED.in_language(language)
        yield _section("answer", ANSWER, (accepted, Json(answer)), language)
    else:
        yield _section("body", BODY, (Json(body.EXAMPLE),), language)


def _move(flow: Flow, number: int, states: list[str], step: Step, language: str) -> tuple[str, ...]:
    senders = _join_words((_sender(flow, name, language) for name in step.by), language)
    if step.decides:
        senders = DECIDER.in_language(language).format(senders)
    return (
        str(number),
        _join_words((_state(flow, state, language) for state in states), language),
        senders,
        _state(flow, step.to, language),
        _join_words((f"`{guard.name}`" for guard in row_guards(flow, step)), language) or "–",
        _join_words(_effects(flow, step, language), language) or "–",
    )


def _state(flow: Flow, name: str, language: str) -> str:
    words = {NEW: NOT_OPEN_YET, SAME: SAME_STATE, BACK: STATE_BEFORE}.get(name)
    if name in {SAME, BACK} and words:
        return words.in_language(language)
    return _name_code(name, words or flow.states[name], language)


def _sender(flow: Flow, name: str, language: str) -> str:
    words = {SYSTEM: SERVICE, LEAD: LEADER}.get(name)
    return words.in_language(language) if words else _party(flow, name, language)


def _party(flow: Flow, name: str, language: str) -> str:
    return _name_code(name, flow.parties[name].title, language)


def _name_code(code: str, title: Text, language: str) -> str:
    """A code with its title, which in English may be the same words."""
    words = title.in_language(language)
    return f"`{code}`" if words == code.replace("_", " ") else f"`{code}` {words}"


def _effects(flow: Flow, step: Step, language: str) -> Iterator[str]:
    yield from (JOINS.in_language(language).format(party) for party in step.joins)
    yield from (ENDS.in_language(language).format(party) for party in step.ends)
    if step.lead:
        leads = NOBODY_LEADS if step.lead == "-" else LEADS
        yield leads.in_language(language).format(step.lead)
    if step.reports:
        yield REPORTS.in_language(language).format(step.reports.event)
    if step.erases:
        yield ERASES.in_language(language)
    yield from _conditions(flow, step, language)


def _conditions(flow: Flow, step: Step, language: str) -> Iterator[str]:
    if step.type in flow.guarded_on_paper and SYSTEM not in step.by:
        yield ON_PAPER.in_language(language).format(flow.deciding)
    if step.shares:
        yield SHARES.in_language(language).format(", ".join(sorted(step.shares)))
    if step.added:
        yield ADDED.in_language(language)


def _guards(flow: Flow, steps: Iterable[Step], language: str) -> str | Table:
    guards = {g.name: g.title for step in steps for g in row_guards(flow, step)}
    rows = tuple((f"`{name}`", title.in_language(language)) for name, title in guards.items())
    return _table(GUARD_COLUMNS, rows, language) if rows else NO_GUARDS.in_language(language)


def _fields(body: type[Body], language: str) -> str | Table:
    rows = tuple(message_fields.fields(body, language))
    if not rows:
        return NO_FIELDS.in_language(language)
    return _table(message_fields.COLUMNS, rows, language)


def _copies(
    flow: Flow, body: type[Body], steps: list[Step], language: str
) -> Iterator[str | Table]:
    rows = tuple(_copy_rows(flow, steps, language))
    yield _table(COPY_COLUMNS, rows, language) if rows else NO_COPIES.in_language(language)
    titles = (f"`{c}` {CLASS_TITLES[c].in_language(language)}" for c in sorted(classes_of(body)))
    yield CLASSES.in_language(language).format("; ".join(titles))


def _copy_rows(flow: Flow, steps: list[Step], language: str) -> Iterator[tuple[str, ...]]:
    """Each recipient once, with the numbers of the rows by which it receives the same."""
    numbers: dict[RowCopy, list[str]] = {}
    for number, step in enumerate(steps, 1):
        for copy in copies(flow, step):
            numbers.setdefault(copy, []).append(str(number))
    for copy, of in numbers.items():
        yield (
            _join_words(of, language),
            _party(flow, copy.party, language),
            _codes(copy.classes),
            _join_words(_notes(flow, copy, language), language),
        )


def _notes(flow: Flow, copy: RowCopy, language: str) -> Iterator[str]:
    notes = (
        (copy.if_named, IF_NAMED),
        (copy.if_informed, IF_INFORMED),
        (copy.joins, JOINING),
        (copy.leaves, LEAVES),
        (copy.may_send, MAY_SEND),
        (flow.parties[copy.party].by_consent and copy.classes != {DataClass.C0}, BY_CONSENT),
    )
    yield from (text.in_language(language) for applies, text in notes if applies)


def _is_sent(flow: Flow, body: type[Body]) -> bool:
    """Whether an agency can send it."""
    return any(step.body is body and step.by != (SYSTEM,) for step in flow.steps)


def _says_more(body: type[Body]) -> bool:
    """Whether the description of a message says more than its title, as Japanese titles do."""
    return (body.__doc__ or "").rstrip(".").lower() not in {"", body.TITLE.en.lower()}


def _section(
    anchor: str, title: Text, blocks: tuple[str | Table | Json, ...], language: str
) -> Section:
    return Section(anchor, title.in_language(language), blocks)


def _table(columns: Text, rows: tuple[tuple[str, ...], ...], language: str) -> Table:
    return Table(tuple(columns.in_language(language).split(" | ")), rows)


def _laid_out(value: Any, margin: str) -> str:
    """`value` as JSON on one line if it fits, otherwise each of its members on its own."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, Mapping | list) or (margin and len(margin + line) <= _WIDTH):
        return line
    inner = margin + "  "
    if isinstance(value, Mapping):
        parts = [f"{json.dumps(name)}: {_laid_out(part, inner)}" for name, part in value.items()]
    else:
        parts = [_laid_out(part, inner) for part in value]
    opening, closing = "{}" if isinstance(value, Mapping) else "[]"
    members = ",\n".join(inner + part for part in parts)
    return f"{opening}\n{members}\n{margin}{closing}"


def _codes(names: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in sorted(names))


def _join_words(words: Iterable[str], language: str) -> str:
    return AND.in_language(language).join(words)
