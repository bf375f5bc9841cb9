"""A flow, told from its table: as a matrix, as a diagram, and as a page in two languages."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.domain.cases.case import CLOSED, NEW
from app.domain.messages.body import Body
from app.domain.state_machine.common_rows import COMMON_EVENTS
from app.domain.state_machine.table import BACK, SAME, Flow, Step

HOW_TO_READ = """\
この頁は表から作られます。手で書き換えないでください。
This page is made from the table in the code; do not edit it by hand.

* **from → to**: `=` は状態を変えない、`<` は直前の状態に戻る。
  `=` keeps the state, `<` returns to the one before. `open` is every state but `closed`.
* **by**: `D` は決裁者の席が必要、`sys` はサービス自身、`lead` は主担当の機関。
  `D` needs a decider's seat, `sys` is the service itself, `lead` the party that leads the case.
* **copies**: `x:C0` は経路情報のみ、`others` は他の全当事者、`named` は同意に挙げられた当事者。
  `x:C0` gets only C0, `others` is every other party, `named` is whoever the consent names.
  `+x` joins by this message, `-x` ends.
* **†**: 当初の表を補うために加えた行。 A row added to complete the agreed tables.
"""


def matrix(flow: Flow) -> list[dict[str, Any]]:
    """The table as plain values: rows that differ only in the state they start from are one."""
    states: defaultdict[tuple[Any, ...], list[str]] = defaultdict(list)
    steps: dict[tuple[Any, ...], Step] = {}
    for step in flow.steps:
        key = _but_for_the_state(step)
        states[key].append(step.state)
        steps[key] = step
    return [_row(states[key], step) for key, step in steps.items()]


def _but_for_the_state(step: Step) -> tuple[Any, ...]:
    names = tuple(guard.name for guard in step.guards)
    rest = (step.lead, step.erases, step.added, step.reports and step.reports.event)
    return (
        step.type,
        step.by,
        step.to,
        step.decides,
        step.copies,
        names,
        step.joins,
        step.ends,
        rest,
    )


def _row(states: list[str], step: Step) -> dict[str, Any]:
    return {
        "from": states,
        "type": step.type,
        "title": {"ja": step.body.TITLE.ja, "en": step.body.TITLE.en},
        "by": list(step.by),
        "seat": "decider" if step.decides else "any",
        "to": step.to,
        "copies": list(step.copies),
        "joins": list(step.joins),
        "ends": list(step.ends),
        "guards": [
            {"name": g.name, "title": {"ja": g.title.ja, "en": g.title.en}} for g in step.guards
        ],
        "reports": step.reports.event if step.reports else None,
        "lead": step.lead,
        "erases": step.erases,
        "added": step.added,
    }


def mermaid(flow: Flow, language: str = "ja") -> str:
    """The flow's own moves as a Mermaid state diagram; what every flow can do is left out."""
    edges = _edges(flow)
    drawn = {end for edge in edges for end in edge}
    lines = ["stateDiagram-v2"]
    for state, title in flow.states.items():
        if state in drawn:
            lines.append(f'    state "{title.in_language(language)}" as {state}')
    lines += [f"    {start} --> {end}: {' / '.join(e)}" for (start, end), e in edges.items()]
    return "\n".join(lines)


def _edges(flow: Flow) -> Mapping[tuple[str, str], list[str]]:
    edges: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for step in flow.steps:
        event = step.type.partition(".")[2]
        if event in COMMON_EVENTS or step.to in {SAME, step.state}:
            continue
        for to in _targets(flow, step):
            if event not in (edge := edges[_end(step.state), _end(to)]):
                edge.append(event)
    return edges


def _targets(flow: Flow, step: Step) -> Iterable[str]:
    """Where a step leads; a side state returns to each state from which it is entered."""
    if step.to != BACK:
        return (step.to,)
    return dict.fromkeys(s.state for s in flow.steps if s.to == step.state != s.state)


def _end(state: str) -> str:
    return "[*]" if state in {NEW, CLOSED} else state


def page(flow: Flow) -> str:
    """The flow's page in Markdown, in Japanese and English."""
    return "\n".join(_page(flow))


def _page(flow: Flow) -> Iterator[str]:
    yield f"# {flow.title.ja} — {flow.title.en}\n"
    yield f"`{flow.name}`\n"
    yield HOW_TO_READ
    yield from _parties(flow)
    yield from _states(flow)
    yield "## 流れ — the way through\n"
    yield "全ての流れに共通の行は省いた。 Rows that every flow has are left out.\n"
    yield f"```mermaid\n{mermaid(flow)}\n```\n"
    yield from _table(flow)
    yield from _guards(flow)
    yield "## 通信文 — messages\n"
    for body in flow.bodies.values():
        yield from _message(body)


def _parties(flow: Flow) -> Iterator[str]:
    yield "## 当事者 — parties\n"
    yield "| party | 当事者 | 機関の種類 kinds | 開ける情報 classes | 同意が必要 by consent |"
    yield "|---|---|---|---|---|"
    for name, role in flow.parties.items():
        kinds, classes = ", ".join(sorted(role.kinds)), " ".join(sorted(role.classes))
        consent = "要 yes" if role.by_consent else "–"
        yield f"| `{name}` | {role.title.ja} {role.title.en} | {kinds} | {classes} | {consent} |"
    deciding = f"`{flow.deciding}`"
    yield f"\n撤回・辞退を確認する当事者 Withdrawals and declines are confirmed by: {deciding}.\n"


def _states(flow: Flow) -> Iterator[str]:
    yield "## 状態 — states\n"
    yield "| state | 状態 | in English | 戻る side state |"
    yield "|---|---|---|---|"
    for name, title in flow.states.items():
        side = "<" if name in flow.side_states else ""
        yield f"| `{name}` | {title.ja} | {title.en} | {side} |"
    yield ""


def _table(flow: Flow) -> Iterator[str]:
    yield "## 表 — the table\n"
    yield "| 通信文 message | 状態 from | → to | 送信者 by | 写し copies | 条件 guards, effects |"
    yield "|---|---|---|---|---|---|"
    for row in matrix(flow):
        yield _line(flow, row)
    yield ""


def _line(flow: Flow, row: Mapping[str, Any]) -> str:
    mark = " †" if row["added"] else ""
    event = row["type"].partition(".")[2]
    by = ", ".join(row["by"]) + (" **D**" if row["seat"] == "decider" else "")
    copies = [*row["copies"], *(f"+{p}" for p in row["joins"]), *(f"-{p}" for p in row["ends"])]
    told = ", ".join(copies) or "–"
    what = f"`{event}`{mark} {row['title']['ja']}"
    cells = (what, _from(flow, row["from"]), row["to"], by, told, _conditions(row))
    return f"| {' | '.join(cells)} |"


def _from(flow: Flow, states: list[str]) -> str:
    missing = [s for s in flow.states if s not in {*states, CLOSED}]
    if len(missing) <= 3 and len(states) > 6:
        return "open" + (f" but {', '.join(missing)}" if missing else "")
    return ", ".join(states)


def _conditions(row: Mapping[str, Any]) -> str:
    said = [f"`{guard['name']}`" for guard in row["guards"]]
    if row["reports"]:
        said.append(f"reports {row['reports']}")
    if row["lead"]:
        said.append("nobody leads" if row["lead"] == "-" else f"lead: {row['lead']}")
    if row["erases"]:
        said.append("keys destroyed")
    return ", ".join(said) or "–"


def _guards(flow: Flow) -> Iterator[str]:
    yield "## 条件 — guards\n"
    yield "| guard | 条件 | in English |"
    yield "|---|---|---|"
    guards = {guard.name: guard.title for step in flow.steps for guard in step.guards}
    for name in sorted(guards):
        yield f"| `{name}` | {guards[name].ja} | {guards[name].en} |"
    yield ""


def _message(body: type[Body]) -> Iterator[str]:
    event = body.named().partition(".")[2]
    yield f"### `{event}` {body.TITLE.ja} — {body.TITLE.en}\n"
    yield f"{body.__doc__ or ''}\n"
    if body.SOURCE:
        yield f"出典 Source: {body.SOURCE}\n"
    fields = [name for name in body.model_fields if name != "type"]
    if not fields:
        yield "項目なし。 No fields.\n"
        return
    yield "| field | 項目 | class | 必須 | 形 form | 備考 |"
    yield "|---|---|---|---|---|---|"
    shapes = body.model_json_schema()["properties"]
    for name in fields:
        yield _field(body, name, shapes[name])
    yield ""


def _field(body: type[Body], name: str, shape: Mapping[str, Any]) -> str:
    field = body.model_fields[name]
    required = "要" if field.is_required() else ""
    note = field.description or ""
    label, data_class = field.title or "", body.classes()[name]
    return f"| `{name}` | {label} | {data_class} | {required} | {_form(shape)} | {note} |"


def _form(shape: Mapping[str, Any]) -> str:
    """What kind of value a schema takes, in a word or two."""
    if "anyOf" in shape:
        return " / ".join(f for one in shape["anyOf"] if (f := _form(one)) != "null")
    if "$ref" in shape:
        return str(shape["$ref"]).rpartition("/")[2]
    if "x-known-values" in shape:
        return "code (open)"
    if shape.get("type") == "array":
        return f"list of {_form(shape.get('items', {}))}"
    return str(shape.get("format") or shape.get("const") or shape.get("type") or "code")
