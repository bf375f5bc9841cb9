"""A flow as pages in Markdown, in one language each, made from its table.

Headings have anchors of their own, so that a link holds in both languages.

A message type has a section here that is complete in itself, and no file of its own: it says the
same as the page that the service serves of it, `GET /v1/flows/{flow}/messages/{event}`, to which
the contract links. One file for each of the 134 types in each language would say no more, and
whoever reviews a change of a table would have to look through dozens of files.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.api.flows.message_page import Json, Table, message_page
from app.cli.contract.generated import in_the_other_language
from app.domain.cases.case import CLOSED
from app.domain.flows import FLOWS
from app.domain.messages.body import Body
from app.domain.state_machine.flow_guards import EVERYWHERE, flow_guards
from app.domain.state_machine.pages import facts, matrix, mermaid, needs_of
from app.domain.state_machine.table import Flow
from app.domain.text import Text

LIST = Text("流れの一覧", "The flows")
WHAT_A_FLOW_IS = Text(
    """\
流れは一枚の表です。どの状態で、誰が、何を送れて、どの状態に進み、誰に何の写しが届くかが書いてあります。
各流れの頁に、当事者、状態、状態遷移図、表、条件、全ての通信文があります。通信文の節はそれだけで
完結しています。誰がどの状態で送れてどこへ進むか、満たすべき条件、誰にどの区分が届くか、項目、例、答え。
動いているサービスでは、同じものを `GET /v1/flows` で、通信文一種類を
`GET /v1/flows/{flow}/messages/{event}` で読めます。""",
    """\
A flow is one table: in which state who may send what, to which state that leads, and who gets a
copy of what. The page of each flow has its parties, states, a state diagram, the table, the guards,
and every message type in a section that is complete in itself: who may send it in which state and
where that leads, what must hold first, who receives which data classes, its fields, an example and
the answer. On a running service the same is at `GET /v1/flows`, and one message type at
`GET /v1/flows/{flow}/messages/{event}`.""",
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
    "撤回と辞退を確認する当事者は {} です。"
    "この当事者自身が止めた案件を再開できるのは、この当事者だけです。"
    "死亡の確認を待つ間は、ほかのどの停止が上にあっても、終結できるのもこの当事者だけです。",
    "Withdrawals and declines are confirmed by {}. What it stopped itself, it alone sets going"
    " again. While a death waits to be confirmed, under whatever other stop, it alone closes.",
)
STATES = Text("状態", "States")
STATE_COLUMNS = Text("| 符号 | 状態 | 前に戻る |", "| Code | State | Returns to the one before |")
DIAGRAM = Text("状態遷移図", "State diagram")
LEFT_OUT = Text("全ての流れに共通の行は省いています。", "Rows that every flow has are left out.")
TABLE = Text("表", "The table")
HOW_TO_READ = Text(
    """\
* **状態 → 次の状態**: `=` は状態を変えません。`<` は直前の状態に戻ります。
  前に戻る状態が今の状態の下にもうあれば、そこに進む行も状態を変えません。
  `open` は `closed` 以外の全ての状態です。
* **送信者**: **D** は決裁者の席が必要です。`sys` はサービス自身、`lead` は主担当の機関です。
* **写し**: `x:C0` には経路情報(C0)だけが届きます。`others` は他の全当事者、`named` は
  同意に挙げられた当事者、`informed` は終わる当事者のいることを知らされていた当事者です。
  `+x` はこの通信文で加わる当事者、`-x` は終わる当事者です。
* **紙**: 紙で届いたものを入力できるのは、上の「確認する当事者」の決裁者だけです
  (その機関が参加していなければ、受け手の決裁者)。
* **†**: 当初の表を補うために加えた行です。
""",
    """\
* **From → to**: `=` keeps the state, `<` returns to the one before. Where a state that returns
  lies beneath the present one already, a row that leads to it keeps the state, too. `open` is every
  state but `closed`.
* **Sender**: **D** needs a decider's seat. `sys` is the service itself, `lead` the agency that
  leads the case.
* **Copies**: `x:C0` gets routing only (C0). `others` is every other party, `named` each party
  that the consent names, `informed` each party that was told of the one that ends. `+x` is a
  party that joins by this message, `-x` one that ends.
* **paper**: on paper, only a decider of the party that confirms keys it in (any recipient's, where
  that agency is not connected).
* **†**: a row that was added to complete the first tables.
""",
)
TABLE_COLUMNS = Text(
    "| 通信文 | 状態 | → 次の状態 | 送信者 | 写し | 条件と効果 |",
    "| Message | From | → to | Sender | Copies | Guards and effects |",
)
GUARDS = Text("条件", "Guards")
GUARD_COLUMNS = Text(
    "| 符号 | 条件 | 断るときに `needs` に挙げうるもの |",
    "| Code | Guard | What a refusal may name in `needs` |",
)
HOLDS_EVERYWHERE = Text(
    "{} は、案件を開くもののほか全ての通信文に当てはまり、行には書いていません。"
    "`/body` は本文のどの項目でもありえます。",
    "{} holds for every message but one that opens a referral, and rows do not list it. `/body`"
    " stands for any field of the body.",
)
FACTS = Text("事実", "Facts")
WHAT_FACTS_ARE = Text(
    "案件の `facts` にあるもの。条件(`/facts/…`)と期限はここから取られます。",
    "What `facts` of a referral holds. Guards (`/facts/…`) and deadlines are taken from it.",
)
FACT_COLUMNS = Text(
    "| 事実 | 見るのに要る区分 | 期限 | 設定する通信文 |",
    "| Fact | Class that shows it | Deadline | Messages that set it |",
)
DEADLINE = Text("期限", "yes")
MESSAGES = Text("通信文", "Messages")
YES = Text("要", "yes")
REPORTS = Text("元の案件に `{}`", "`{}` in the parent")
LEADS = Text("主担当は {}", "{} leads")
NOBODY_LEADS = Text("主担当なし", "nobody leads")
ERASES = Text("鍵を破棄", "keys destroyed")
ON_PAPER = Text("紙", "paper")
SHARES = Text("`shared_messages` を {} で見せられる", "may share `shared_messages` in {}")
BUT = Text(" ただし {} を除く", " but {}")


def contents(language: str) -> str:
    """The list of the flows' pages."""
    return "\n".join(_contents(language))


def page(flow: Flow, language: str) -> str:
    """The page of a flow, in one language."""
    return "\n".join(_page(flow, language))


def message(body: type[Body], language: str) -> Iterator[str]:
    """The section of a message: its page, as the service serves it, in Markdown."""
    described = message_page(body.wire_type(), language)
    event = described.event
    yield from heading(event, f"`{event}` {described.title}", 3)
    yield from (f"{paragraph}\n" for paragraph in described.introduction)
    for section in described.sections:
        yield from heading(f"{event}-{section.anchor}", section.title, 4)
        for block in section.blocks:
            yield _block(block)


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
    yield from _facts(flow, language)
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
    yield from _effects(row, language)
    if row["on_paper"] == "deciding":
        yield ON_PAPER.in_language(language)


def _effects(row: Mapping[str, Any], language: str) -> Iterator[str]:
    if row["reports"]:
        yield REPORTS.in_language(language).format(row["reports"])
    if row["lead"] == "-":
        yield NOBODY_LEADS.in_language(language)
    elif row["lead"]:
        yield LEADS.in_language(language).format(f"`{row['lead']}`")
    if row["erases"]:
        yield ERASES.in_language(language)
    if row["shares"]:
        yield SHARES.in_language(language).format(_codes(row["shares"]))


def _guards(flow: Flow, language: str) -> Iterator[str]:
    yield from heading("guards", GUARDS.in_language(language))
    yield GUARD_COLUMNS.in_language(language)
    yield "|---|---|---|"
    guards = flow_guards(flow)
    for name in sorted(guards):
        title, needs = guards[name].title.in_language(language), needs_of(flow, guards[name])
        yield f"| `{name}` | {title} | {_codes(needs) or '–'} |"
    names = _codes(rule.name for rule in EVERYWHERE)
    yield f"\n{HOLDS_EVERYWHERE.in_language(language).format(names)}\n"


def _facts(flow: Flow, language: str) -> Iterator[str]:
    yield from heading("facts", FACTS.in_language(language))
    yield f"{WHAT_FACTS_ARE.in_language(language)}\n"
    yield FACT_COLUMNS.in_language(language)
    yield "|---|---|---|---|"
    for fact in facts(flow):
        deadline = DEADLINE.in_language(language) if fact["is_deadline"] else "–"
        messages = _codes(event_of(name) for name in fact["set_by"])
        yield f"| `{fact['name']}` | {fact['class']} | {deadline} | {messages} |"
    yield ""


def _block(block: str | Table | Json) -> str:
    if isinstance(block, Json):
        return f"```json\n{block.text}\n```\n"
    if isinstance(block, str):
        return f"{block}\n"
    lines = [f"| {' | '.join(cells)} |\n" for cells in (block.columns, *block.rows)]
    return "".join((lines[0], "|", "---|" * len(block.columns), "\n", *lines[1:]))


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
