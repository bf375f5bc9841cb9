"""Public routes of the flows: tables, schemas, pages of message types and diagrams."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.api.flows.answers import FlowList, FlowOut, MessageSchema
from app.api.flows.json_schemas import message_schema, page_of
from app.api.flows.message_page import message_page
from app.api.flows.schemas import DIAGRAM, FLOW, LIST, SCHEMA, example_response
from app.api.wire.documented import both, documented
from app.api.wire.language import Language, language_of
from app.api.wire.message_examples import request_example
from app.api.wire.pages import HTML, HTML_ANSWER, PAGE_POLICY, MadeOnce, StaticPage, render
from app.domain.cases.case import NEW, SYSTEM
from app.domain.classes import CLASS_TITLES
from app.domain.errors import NotFound
from app.domain.flows import BODIES, FLOWS
from app.domain.state_machine.examples import recorded_consent
from app.domain.state_machine.flow_guards import EVERYWHERE, flow_guards
from app.domain.state_machine.pages import facts, matrix, mermaid, needs_of
from app.domain.state_machine.reachability import possible_steps
from app.domain.state_machine.table import Flow
from app.domain.text import Text

router = APIRouter(prefix="/v1", tags=["flows"])

MERMAID = "text/vnd.mermaid; charset=utf-8"
_FLOW = Text("流れの名前(`GET /v1/flows` にある)", "The name of the flow (see `GET /v1/flows`)")
_EVENT = Text(
    "通信文の名前(種類のうち点より後ろ)",
    "The name of the message: what stands after the dot in its type",
)
PageLanguage = Annotated[
    Language | None,
    Query(
        description=both(
            "頁の言語。省けば Accept-Language による",
            "The language of the page; left out, Accept-Language decides",
        )
    ),
]


@router.get(
    "/flows",
    response_class=Response,
    responses=example_response(LIST, model=FlowList),
    **documented(
        "list_flows",
        Text("流れの一覧を読む", "List the flows"),
        "Returns the names of the flows that are published, and where each is described in full.",
        models=(FlowList,),
        conditional=True,
        public=True,
    ),
)
async def list_flows(request: Request) -> Response:
    """公開している流れの名前と、詳しい頁の場所を返す。"""
    return (await _FLOW_LIST.page(None, request)).answer(request)


@router.get(
    "/flows/{flow}",
    response_class=Response,
    responses=example_response(FLOW, model=FlowOut),
    **documented(
        "read_flow",
        Text("流れを読む", "Read a flow"),
        """Returns all of a flow: the parties and what they can open, the states, the messages and
        their fields, the table (`matrix`), the guards and the facts. Whoever has only this, and the
        examples of the messages, can take every row.""",
        parameters={"flow": _FLOW},
        models=(FlowOut,),
        conditional=True,
        public=True,
    ),
)
async def read_flow(request: Request, flow: str) -> Response:
    """流れの全てを返す。当事者と開ける区分、状態、通信文と項目、表(matrix)、条件、事実。

    これと通信文の例だけで、全ての行を進める。
    """
    return (await _FLOW_PAGES.page(_flow_named(flow).name, request)).answer(request)


@router.get(
    "/flows/{flow}/schemas/{event}",
    response_class=Response,
    responses=example_response(SCHEMA, "application/schema+json", MessageSchema),
    **documented(
        "read_schema",
        Text("通信文の定義を読む", "Read the definition of a message"),
        """Returns the body of one message type as JSON Schema (2020-12). `x-data-class` is a
        field's data class.""",
        parameters={
            "flow": _FLOW,
            "event": _EVENT,
        },
        models=(MessageSchema,),
        conditional=True,
        public=True,
    ),
)
async def read_schema(request: Request, flow: str, event: str) -> Response:
    """通信文一種類の本文を JSON Schema (2020-12) で返す。区分は `x-data-class`。"""
    return (await _SCHEMAS.page(_message_type(flow, event), request)).answer(request)


@router.get(
    "/flows/{flow}/messages/{event}",
    response_class=Response,
    responses=HTML_ANSWER,
    **documented(
        "read_message_page",
        Text("通信文の説明を見る", "See what a message type is"),
        """Shows all there is to know of one message type (HTML): who may send it in which state and
        where that leads, what must hold first, who receives which data classes, its fields, an
        example and the answer to it. The schema of each message type links here (`externalDocs`).
        """,
        parameters={"flow": _FLOW, "event": _EVENT},
        conditional=True,
        public=True,
    ),
)
async def read_message_page(
    request: Request, flow: str, event: str, lang: PageLanguage = None
) -> Response:
    """通信文一種類の全てを示す(HTML)。

    誰がどの状態で送れてどこへ進むか、満たすべき条件、誰にどの区分が届くか、項目、例、答え。
    各種類のスキーマがここへ案内する(`externalDocs`)。
    """
    language = lang or language_of(request)
    page = await _MESSAGE_PAGES.page((_message_type(flow, event), language), request)
    headers = {
        "Content-Security-Policy": PAGE_POLICY,
        "Content-Language": language,
        "Vary": "Accept-Language",
    }
    return page.answer(request, headers)


@router.get(
    "/flows/{flow}/diagram",
    response_class=Response,
    responses=DIAGRAM,
    **documented(
        "read_diagram",
        Text("流れの図を読む", "Read the diagram of a flow"),
        "Returns the state diagram of a flow in Mermaid; in English with `Accept-Language: en`.",
        parameters={"flow": _FLOW},
        conditional=True,
        public=True,
    ),
)
async def read_diagram(request: Request, flow: str) -> Response:
    """流れの状態遷移図を Mermaid で返す。`Accept-Language: en` なら英語。"""
    language = language_of(request)
    page = await _DIAGRAMS.page((_flow_named(flow).name, language), request)
    return page.answer(request, {"Content-Language": language, "Vary": "Accept-Language"})


def _flow_named(name: str) -> Flow:
    flow = FLOWS.get(name)
    if flow is None:
        raise NotFound
    return flow


def _message_type(flow: str, event: str) -> str:
    name = f"{_flow_named(flow).name}.{event}"
    if name not in BODIES:
        raise NotFound
    return name


def _flow_list(_: None) -> StaticPage:
    items = [{"name": f.name, "title": _both(f.title), **_links(f)} for f in FLOWS.values()]
    return _json_page({"items": items})


def _flow_page(name: str) -> StaticPage:
    flow = FLOWS[name]
    return _json_page(
        {
            "name": flow.name,
            "title": _both(flow.title),
            "deciding": flow.deciding,
            "vouching": flow.vouching,
            "needs_parent": flow.joins_parent,
            "parties": _parties(flow),
            "states": [
                {"name": state, "title": _both(title), "returns": state in flow.side_states}
                for state, title in flow.states.items()
            ],
            "messages": [_message(flow, name) for name in _types(flow)],
            "matrix": matrix(flow),
            "guards": _guards(flow),
            "facts": facts(flow),
            "classes": [{"class": c, "title": _both(t)} for c, t in CLASS_TITLES.items()],
            **_links(flow),
        }
    )


def _schema(message_type: str) -> StaticPage:
    return _json_page(message_schema(message_type), "application/schema+json")


def _message_page(key: tuple[str, Language]) -> StaticPage:
    message_type, language = key
    values = {"page": message_page(message_type, language), "language": language}
    return StaticPage.of(render("message.html", values).encode(), HTML)


def _diagram(key: tuple[str, Language]) -> StaticPage:
    name, language = key
    return StaticPage.of(mermaid(FLOWS[name], language).encode(), MERMAID)


def _links(flow: Flow) -> dict[str, str]:
    return {"self": f"/v1/flows/{flow.name}", "diagram": f"/v1/flows/{flow.name}/diagram"}


def _parties(flow: Flow) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "title": _both(role.title),
            "kinds": sorted(role.kinds),
            "classes": sorted(role.classes),
            "by_consent": role.by_consent,
        }
        for name, role in flow.parties.items()
    ]


def _types(flow: Flow) -> list[str]:
    """The message types that a row which can happen has, in the order of the table."""
    return list(dict.fromkeys(step.type for step in possible_steps(flow)))


def _message(flow: Flow, message_type: str) -> dict[str, Any]:
    body = BODIES[message_type]
    classes = body.classes()
    senders = {by for step in flow.steps if step.type == message_type for by in step.by}
    return {
        "type": message_type,
        "title": _both(body.TITLE),
        "opens": message_type in flow.openings,
        "takes_parent": message_type in flow.openings and flow.joins_parent,
        "parents": _parents(flow, message_type),
        "records_consent": recorded_consent(body),
        "example_to": request_example(message_type).get("to", {}),
        "sent_by_service": senders == {SYSTEM},
        "fields": [
            {
                "name": name,
                "title": field.title,
                "class": classes[name],
                "required": field.is_required(),
            }
            for name, field in body.model_fields.items()
            if name != "type"
        ],
        "schema": f"/v1/flows/{flow.name}/schemas/{message_type.partition('.')[2]}",
        "page": page_of(message_type),
    }


def _parents(flow: Flow, message_type: str) -> list[dict[str, Any]]:
    """The referrals under which a message opens another: those that take what it reports."""
    steps = (step for step in flow.takes(NEW, message_type) if step.reports and flow.joins_parent)
    events = {step.reports.event for step in steps if step.reports}
    return [
        {
            "flow": above.name,
            "states": [step.state for step in possible_steps(above) if step.type == name],
        }
        for above in FLOWS.values()
        for name in (f"{above.name}.{event}" for event in sorted(events))
        if name in above.bodies
    ]


def _guards(flow: Flow) -> list[dict[str, Any]]:
    everywhere = {rule.name for rule in EVERYWHERE}
    return [
        {
            "name": name,
            "title": _both(guard.title),
            "needs": needs_of(flow, guard),
            "everywhere": name in everywhere,
        }
        for name, guard in sorted(flow_guards(flow).items())
    ]


def _both(text: Text) -> dict[str, str]:
    return {"ja": text.ja, "en": text.en}


def _json_page(value: Any, media_type: str = "application/json") -> StaticPage:
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return StaticPage.of(content, media_type)


_FLOW_LIST = MadeOnce(_flow_list)
_FLOW_PAGES = MadeOnce(_flow_page)
_SCHEMAS = MadeOnce(_schema)
_MESSAGE_PAGES = MadeOnce(_message_page)
_DIAGRAMS = MadeOnce(_diagram)
