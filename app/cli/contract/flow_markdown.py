"""A flow as pages in Markdown, in one language each, made from its table.

Headings have anchors of their own, so that a link holds in both languages.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.api.flows.field_notes import NOTES, SOURCES
from app.cli.contract.generated import in_the_other_language
from app.domain.cases.case import CLOSED
from app.domain.flows import FLOWS
from app.domain.messages.body import Body
from app.domain.state_machine.pages import matrix, mermaid
from app.domain.state_machine.table import Flow
from app.domain.text import Text

LIST = Text("流れの一覧", "The flows")
WHAT_A_FLOW_IS = Text(
    """\
流れは一枚の表です。どの状態で、誰が、何を送れて、どの状態に進み、誰に何の写しが届くかが書いてあります。
各流れの頁に、当事者、状態、状態遷移図、表、条件、全ての通信文とその項目があります。
動いているサービスでは、同じものを `GET /v1/flows` で読めます。""",
    """\
A flow is one table: in which state who may send what, to which state that leads, and who gets a
copy of what. The page of each flow has its parties, states, a state diagram, the table, the guards,
and every message with its fields. On a running service the same is at `GET /v1/flows`.""",
)
FLOW_COLUMNS = Text(
    "| 符号 | 流れ | 当事者 | 通信文の種類 |", "| Code | Flow | Parties | Message types |"
)
AND = Text("、", ", ")
MADE = Text(
    "この頁はコードの表から作られます(`tsunagu flows-docs`)。手で書き換えないでください。",
    "This page is made from the table in the code (`tsunagu flows-docs`). Do not edit it by hand.",
)
PARTIES = Text("当事者", "Parties")
PARTY_COLUMNS = Text(
    "| 符号 | 当事者 | 機関の種類 | 開ける情報 | 同意が必要 |",
    "| Code | Party | Kinds of agency | Classes it may open | Only with consent |",
)
CONFIRMS = Text(
    "撤回と辞退を確認する当事者は {} です。", "Withdrawals and declines are confirmed by {}."
)
STATES = Text("状態", "States")
STATE_COLUMNS = Text("| 符号 | 状態 | 前に戻る |", "| Code | State | Returns to the one before |")
DIAGRAM = Text("状態遷移図", "State diagram")
LEFT_OUT = Text("全ての流れに共通の行は省いています。", "Rows that every flow has are left out.")
TABLE = Text("表", "The table")
HOW_TO_READ = Text(
    """\
* **状態 → 次の状態**: `=` は状態を変えません。`<` は直前の状態に戻ります。
  `open` は `closed` 以外の全ての状態です。
* **送信者**: **D** は決裁者の席が必要です。`sys` はサービス自身、`lead` は主担当の機関です。
* **写し**: `x:C0` には経路情報(C0)だけが届きます。`others` は他の全当事者、`named` は
  同意に挙げられた当事者です。`+x` はこの通信文で加わる当事者、`-x` は終わる当事者です。
* **†**: 当初の表を補うために加えた行です。
""",
    """\
* **From → to**: `=` keeps the state, `<` returns to the one before. `open` is every state but
  `closed`.
* **Sender**: **D** needs a decider's seat. `sys` is the service itself, `lead` the agency that
  leads the case.
* **Copies**: `x:C0` gets routing only (C0). `others` is every other party, `named` each party
  that the consent names. `+x` is a party that joins by this message, `-x` one that ends.
* **†**: a row that was added to complete the first tables.
""",
)
TABLE_COLUMNS = Text(
    "| 通信文 | 状態 | → 次の状態 | 送信者 | 写し | 条件と効果 |",
    "| Message | From | → to | Sender | Copies | Guards and effects |",
)
GUARDS = Text("条件", "Guards")
GUARD_COLUMNS = Text("| 符号 | 条件 |", "| Code | Guard |")
MESSAGES = Text("通信文", "Messages")
SOURCE = Text("出典", "Source")
NO_FIELDS = Text("項目はありません。", "It has no fields.")
FIELD_COLUMNS = Text(
    "| 項目 | 名称 | 種類 | 必須 | 形 | 備考 |",
    "| Field | Japanese title | Class | Required | Form | Notes |",
)
YES = Text("要", "yes")
REPORTS = Text("元の案件に `{}`", "`{}` in the parent")
LEADS = Text("主担当は {}", "{} leads")
NOBODY_LEADS = Text("主担当なし", "nobody leads")
ERASES = Text("鍵を破棄", "keys destroyed")
BUT = Text(" ただし {} を除く", " but {}")
OR = Text(" か ", " or ")
LIST_OF = Text("{} の並び", "list of {}")
OPEN_CODE = Text("符号(ほかの値も可)", "code (open)")
CODE = Text("符号", "code")

_PRIVATE = re.compile(r"domain reference|agreed tables$|common rows of the agreed tables")
_JAPANESE = re.compile(r"[぀-ヿ㐀-鿿々][぀-ヿ㐀-鿿々0-9第・]*")


def contents(language: str) -> str:
    """The list of the flows' pages."""
    return "\n".join(_contents(language))


def page(flow: Flow, language: str) -> str:
    """The page of a flow, in one language."""
    return "\n".join(_page(flow, language))


def message(body: type[Body], language: str) -> Iterator[str]:
    """The section of a message: what it is for, where it comes from, its fields."""
    yield from heading(event_of(body.wire_type()), message_title(body, language), 3)
    if language == "en" and _says_more(body):
        yield f"{body.__doc__}\n"
    if sources := [_source(s, language) for s in body.SOURCE.split("; ") if _is_public(s)]:
        yield f"{SOURCE.in_language(language)}: {'; '.join(sources)}\n"
    yield from _fields(body, language)


def rows(flow: Flow, language: str, only: str | None = None) -> Iterator[str]:
    """The rows of a flow's table; with `only`, those of one message type."""
    yield TABLE_COLUMNS.in_language(language)
    yield "|---|---|---|---|---|---|"
    for row in matrix(flow):
        if only in {None, row["type"]}:
            yield _row(flow, row, language)
    yield ""


def heading(anchor: str, title: str, level: int = 2) -> Iterator[str]:
    """A heading with an anchor that is the same in both languages."""
    yield f'<a id="{anchor}"></a>'
    yield f"{'#' * level} {title}\n"


def title_of(flow: Flow, language: str) -> str:
    """The title of a flow, as a heading has it."""
    title = flow.title.in_language(language)
    return title[0].upper() + title[1:]


def message_title(body: type[Body], language: str) -> str:
    """The event of a message type, and its title."""
    return f"`{event_of(body.wire_type())}` {body.TITLE.in_language(language)}"


def event_of(message_type: str) -> str:
    """`accept` of `defence_support.accept`."""
    return message_type.partition(".")[2]


def _contents(language: str) -> Iterator[str]:
    yield f"# {LIST.in_language(language)}\n"
    yield f"{in_the_other_language('flows/README.md', language)}\n"
    yield f"{WHAT_A_FLOW_IS.in_language(language)}\n"
    yield FLOW_COLUMNS.in_language(language)
    yield "|---|---|---|---|"
    for name, flow in FLOWS.items():
        link = f"[{title_of(flow, language)}]({name}.md)"
        parties = (role.title.in_language(language) for role in flow.parties.values())
        told = AND.in_language(language).join(parties)
        yield f"| `{name}` | {link} | {told} | {len(flow.bodies)} |"
    yield f"\n{MADE.in_language(language)}\n"


def _page(flow: Flow, language: str) -> Iterator[str]:
    yield f"# {title_of(flow, language)}\n"
    yield f"{in_the_other_language(f'flows/{flow.name}.md', language)}\n"
    yield f"`{flow.name}` · [{LIST.in_language(language)}](README.md)\n"
    yield f"{MADE.in_language(language)}\n"
    yield from _parties(flow, language)
    yield from _states(flow, language)
    yield from heading("diagram", DIAGRAM.in_language(language))
    yield f"{LEFT_OUT.in_language(language)}\n"
    yield f"```mermaid\n{mermaid(flow, language)}\n```\n"
    yield from heading("table", TABLE.in_language(language))
    yield HOW_TO_READ.in_language(language)
    yield from rows(flow, language)
    yield from _guards(flow, language)
    yield from heading("messages", MESSAGES.in_language(language))
    for body in flow.bodies.values():
        yield from message(body, language)


def _parties(flow: Flow, language: str) -> Iterator[str]:
    yield from heading("parties", PARTIES.in_language(language))
    yield PARTY_COLUMNS.in_language(language)
    yield "|---|---|---|---|---|"
    for name, role in flow.parties.items():
        kinds, classes = _codes(sorted(role.kinds)), " ".join(sorted(role.classes))
        consent = YES.in_language(language) if role.by_consent else "–"
        yield f"| `{name}` | {role.title.in_language(language)} | {kinds} | {classes} | {consent} |"
    yield f"\n{CONFIRMS.in_language(language).format(f'`{flow.deciding}`')}\n"


def _states(flow: Flow, language: str) -> Iterator[str]:
    yield from heading("states", STATES.in_language(language))
    yield STATE_COLUMNS.in_language(language)
    yield "|---|---|---|"
    for name, title in flow.states.items():
        side = "`<`" if name in flow.side_states else ""
        yield f"| `{name}` | {title.in_language(language)} | {side} |"
    yield ""


def _row(flow: Flow, row: Mapping[str, Any], language: str) -> str:
    event, mark = event_of(row["type"]), " †" if row["added"] else ""
    decides = " **D**" if row["seat"] == "decider" else ""
    copies = [*row["copies"], *(f"+{p}" for p in row["joins"]), *(f"-{p}" for p in row["ends"])]
    cells = (
        f"[`{event}`](#{event}){mark} {row['title'][language]}",
        _from(flow, row["from"], language),
        f"`{row['to']}`",
        _codes(row["by"]) + decides,
        _codes(copies) or "–",
        ", ".join(_conditions(row, language)) or "–",
    )
    return f"| {' | '.join(cells)} |"


def _from(flow: Flow, states: list[str], language: str) -> str:
    missing = [s for s in flow.states if s not in {*states, CLOSED}]
    if len(missing) <= 3 and len(states) > 6:
        but = BUT.in_language(language).format(_codes(missing)) if missing else ""
        return f"`open`{but}"
    return _codes(states)


def _conditions(row: Mapping[str, Any], language: str) -> Iterator[str]:
    yield from (f"`{guard['name']}`" for guard in row["guards"])
    if row["reports"]:
        yield REPORTS.in_language(language).format(row["reports"])
    if row["lead"] == "-":
        yield NOBODY_LEADS.in_language(language)
    elif row["lead"]:
        yield LEADS.in_language(language).format(f"`{row['lead']}`")
    if row["erases"]:
        yield ERASES.in_language(language)


def _guards(flow: Flow, language: str) -> Iterator[str]:
    yield from heading("guards", GUARDS.in_language(language))
    yield GUARD_COLUMNS.in_language(language)
    yield "|---|---|"
    guards = {guard.name: guard.title for step in flow.steps for guard in step.guards}
    for name in sorted(guards):
        yield f"| `{name}` | {guards[name].in_language(language)} |"
    yield ""


def _says_more(body: type[Body]) -> bool:
    """Whether the description of a message says more than its title, as Japanese titles do."""
    return (body.__doc__ or "").rstrip(".").lower() not in {"", body.TITLE.en.lower()}


def _is_public(source: str) -> bool:
    """Whether a reader can look it up: the notes and tables of the design are not published."""
    return bool(source) and not _PRIVATE.match(source)


def _source(source: str, language: str) -> str:
    return _JAPANESE.sub(r"「\g<0>」", source) if language == "en" else SOURCES.get(source, source)


def _fields(body: type[Body], language: str) -> Iterator[str]:
    fields = [name for name in body.model_fields if name != "type"]
    if not fields:
        yield f"{NO_FIELDS.in_language(language)}\n"
        return
    yield FIELD_COLUMNS.in_language(language)
    yield "|---|---|---|---|---|---|"
    shapes = body.model_json_schema()["properties"]
    for name in fields:
        yield _field(body, name, shapes[name], language)
    yield ""


def _field(body: type[Body], name: str, shape: Mapping[str, Any], language: str) -> str:
    field, data_class = body.model_fields[name], body.classes()[name]
    title = field.title or ""
    if title and language == "en":
        title = f"「{title}」"
    note = field.description or ""
    if language == "ja":
        note = NOTES.get(note, note)
    required = YES.in_language(language) if field.is_required() else ""
    form = _form(shape, language)
    return f"| `{name}` | {title} | {data_class} | {required} | {form} | {note} |"


def _form(shape: Mapping[str, Any], language: str) -> str:
    """What kind of value a schema takes, in a word or two."""
    if "anyOf" in shape:
        forms = [_form(one, language) for one in shape["anyOf"] if one.get("type") != "null"]
        return OR.in_language(language).join(forms)
    if "x-known-values" in shape:
        return OPEN_CODE.in_language(language)
    if shape.get("type") == "array":
        return LIST_OF.in_language(language).format(_form(shape.get("items", {}), language))
    return _named_form(shape, language)


def _named_form(shape: Mapping[str, Any], language: str) -> str:
    if "$ref" in shape:
        return f"`{str(shape['$ref']).rpartition('/')[2]}`"
    name = shape.get("format") or shape.get("const") or shape.get("type")
    return f"`{name}`" if name else CODE.in_language(language)


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
