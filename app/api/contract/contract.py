"""The published contract (OpenAPI 3.1), with every message, problem and example in it."""

from collections.abc import Container, Iterator, Mapping
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from app.api.acts import schemas as act_shapes
from app.api.administration import schemas as administration_shapes
from app.api.consents import return_requests as returns
from app.api.consents import schemas as consent_shapes
from app.api.contract.parameters import PARAMETERS
from app.api.deliveries import recalls
from app.api.deliveries import routes as deliveries
from app.api.deliveries import schemas as delivery_shapes
from app.api.directory.examples import DIRECTORY_EXAMPLES
from app.api.disclosures import schemas as disclosure_shapes
from app.api.erasure import schemas as erasure_shapes
from app.api.flows.json_schemas import COMPONENTS, components
from app.api.inbox import routes as inbox
from app.api.inbox import schemas as inbox_shapes
from app.api.log import schemas as log_shapes
from app.api.referrals import envelopes, reading
from app.api.referrals import schemas as referral_shapes
from app.api.service import schemas as service_shapes
from app.api.webhooks import contract as webhook_contract
from app.api.webhooks import schemas as webhook_shapes
from app.api.wire import caller as deps
from app.api.wire import schemas as shapes
from app.api.wire.problems import schema
from app.api.wire.problems.answers import MEDIA_TYPE
from app.api.wire.problems.kinds import KINDS
from app.api.wire.schemas import REFERRAL
from app.domain.flows import BODIES, FLOWS
from app.domain.messages.body import Body

Schema = dict[str, Any]

DESCRIPTION = """\
地域生活定着支援センターと、矯正施設・保護観察所・検察庁・弁護士・他県のセンターとの間の依頼を運ぶサービス。

* 全ては**通信文**である。型のある本文を封筒に入れて送り、送ったものは変わらない。
* **流れ**は表である。どの状態で、誰が、何を送ると、どうなり、誰に届くかは `/v1/flows` にある。
* 本文の項目はデータ区分(C0〜C8)ごとに封をし、読む側の権利と同意のある区分だけを開く。
* IDは送る側が付ける。返事がなければ同じものをもう一度送ればよい。二重にはならない。
* 検査の順: トークン → 範囲 → 書式 → 同じID → 当事者 → `If-Match` → 状態 → 席 → 条件。
* 呼べる回数には上限がある。`RateLimit` ヘッダーに残りがあり、超えると 429 と `Retry-After`。
* トークンは Bearer か、鍵に結んだもの (DPoP)。失効は `POST /oauth/revoke`。
* 時刻は RFC 3339。出すときは +09:00、受けるときはどの時差でもよい。

応じないときの答えは RFC 9457 (`application/problem+json`) で、日本語。
`Accept-Language: en` なら英語。
`/oauth/*` だけは RFC 6749 に従う。
"""
TAGS = (
    ("referrals", "案件と通信文。送る、読む、開く。"),
    ("deliveries", "送った通信文の行方、印刷、取消し、誤送付の記録。"),
    ("disclosures", "提供の記録。誰に何が届き、誰が開いたか。"),
    ("consents", "同意の記録と、撤回のあとの返還・廃棄の求め。"),
    ("inbox", "受信箱、受領、期日。"),
    ("webhooks", "到着通知。受信箱に届いたことを、登録した先に知らせる。"),
    ("administration", "自機関の席と接続システム。"),
    ("acts", "二つの席が要る重い行為と、消去の停止。"),
    ("log", "記録。誰でも確かめられる Merkle 木と、この機関の記録。"),
    ("flows", "流れの表、通信文の定義、図。誰でも読める。"),
    ("directory", "機関と管轄。"),
    ("me", "このトークンの主体。"),
    ("oauth", "トークンと鍵。"),
    ("service", "サービスの様子と、問題の説明。"),
)

_BODIES: Mapping[str, str] = {
    "open_referral": "OpeningIn",
    "send_message": "MessageIn",
    "read_messages": "ReadIn",
    "acknowledge": "AcknowledgementIn",
    "mark_printed": "PrintedIn",
    "recall_message": "RecallIn",
    "answer_return_request": "ReturnAnswerIn",
    "propose_act": "ActIn",
    "add_webhook": "WebhookIn",
    "change_webhook": "WebhookChange",
    "replay_webhook": "ReplayIn",
}
_DECIDED = ("id_reused", "not_found", "illegal_move", "not_your_step", "guard_failed", "busy")
_PROPOSED = ("not_your_act", "id_reused", "not_found", "act_impossible", "too_many_acts")
_DECIDING = ("second_seat", "not_your_act", "act_settled")
_ALSO: Mapping[str, tuple[str, ...]] = {
    "open_referral": (*_DECIDED, "ambiguous_route"),
    "send_message": (*_DECIDED, "ambiguous_route", "stale"),
    "read_message": ("busy",),
    "read_messages": ("busy",),
    "print_message": ("busy",),
    "acknowledge": ("invalid",),
    "mark_printed": ("not_to_print", "already_recalled"),
    "recall_message": ("already_recalled",),
    "answer_return_request": ("already_answered",),
    "add_webhook": ("too_many_webhooks",),
    "read_bundle": ("bundle_too_large", "not_sealed", "busy"),
    "propose_act": _PROPOSED,
    "approve_act": _DECIDING,
    "refuse_act": _DECIDING,
    "withdraw_act": ("not_your_act", "act_settled"),
    "take_client_secret": ("not_your_act", "act_impossible"),
    "read_checkpoint": ("not_sealed",),
    "list_leaves": ("not_sealed",),
    "prove_inclusion": ("not_sealed",),
    "prove_consistency": ("not_sealed",),
}
_SENT_EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "ReadIn": {"ids": [REFERRAL]},
    "AcknowledgementIn": {"through": 42},
    "PrintedIn": {},
    "ActIn": {
        "id": shapes.ACT,
        "kind": "hold.set",
        "target": REFERRAL,
        "detail": {"reason": "litigation"},
    },
    "ReturnAnswerIn": {"answer": "destroyed", "on": "2026-11-24"},
    "RecallIn": {"reason": "wrong_recipient", "recipients": ["center-13"]},
    **webhook_contract.EXAMPLES,
}


def install(app: FastAPI) -> None:
    """Serve this contract, in place of FastAPI's own."""

    @cache
    def made() -> Schema:
        return contract(app)

    # FastAPI's documented way to extend its contract.
    # FastAPI asks for its contract to be replaced in this way.
    app.openapi = made  # type: ignore[method-assign]


def contract(app: FastAPI) -> Schema:
    """The contract as the service keeps it."""
    found = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        summary="つなぐ: 地域生活定着支援のための依頼を運ぶ",
        description=DESCRIPTION,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS],
        servers=[{"url": "/", "description": "このサービス"}],
        license_info={"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    )
    schemas = found["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas |= {**components(), **_sent(), **_shown(), "Problem": dict(schema.PROBLEM)}
    found["components"]["securitySchemes"]["dpop"] = dict(deps.DPOP)
    found["webhooks"] = webhook_contract.section(COMPONENTS)
    for path, operation in _operations(found):
        _complete(path, operation, schemas)
    return found


def request_example(message_type: str) -> Schema:
    """A complete message of this type, as it can be sent."""
    opens = message_type in envelopes.OPENING_TYPES
    flow = FLOWS[message_type.partition(".")[0]]
    to: Schema = {"to": dict(flow.example_to)} if opens and flow.example_to else {}
    if opens and flow.joins_parent:
        to["parent"] = REFERRAL
    return {
        "id": REFERRAL if opens else "01936b7e-5a10-7f21-8c44-0d7f3a6b9e02",
        **to,
        "occurred_on": "2026-11-20",
        "urgency": "normal",
        "body": dict(BODIES[message_type].EXAMPLE),
    }


def _operations(found: Schema) -> Iterator[tuple[str, Schema]]:
    for path, methods in found["paths"].items():
        for operation in methods.values():
            yield path, operation


def _complete(path: str, operation: Schema, schemas: Schema) -> None:
    name = operation["operationId"]
    operation.setdefault("security", [])
    _or_bound(operation["security"])
    _describe_parameters(operation)
    responses = operation["responses"]
    if "/oauth/" not in path and "/.well-known/" not in path:
        responses.pop("422", None)
        if name in _BODIES:
            operation["requestBody"] = _request_body(_BODIES[name])
        for code in _codes(path, operation):
            _add_problem(responses, code)
    if name in {"open_referral", "send_message"}:
        responses["200"]["content"]["application/json"]["examples"] = {
            "repeated": {
                "summary": "再送",
                "value": shapes.example_of(referral_shapes.AcceptedOut),
            },
            "dry_run": {
                "summary": "予行",
                "value": shapes.example_of(referral_shapes.RehearsedOut),
            },
        }
    for response in responses.values():
        _add_example(name, response, schemas)


def _describe_parameters(operation: Schema) -> None:
    for parameter in operation.get("parameters", ()):
        if "description" not in parameter:
            parameter["description"] = PARAMETERS[parameter["name"]]


def _or_bound(security: list[Schema]) -> None:
    """Where a bearer token is taken, one that is bound to a key is taken as well."""
    security += [{"dpop": scheme["tsunagu"]} for scheme in security if "tsunagu" in scheme]


def _codes(path: str, operation: Schema) -> Iterator[str]:
    """The problems that an operation may answer with."""
    name = operation["operationId"]
    if operation["security"]:
        yield "not_authenticated"
        if any(scopes for scheme in operation["security"] for scopes in scheme.values()):
            yield "scope_missing"
        yield from ("too_many", "unavailable")
    if name in _BODIES:
        yield from ("malformed", "unsupported_media_type", "too_large", "invalid")
    if any(p["in"] == "query" for p in operation.get("parameters", ())):
        yield "invalid"
    if "{" in path:
        yield "not_found"
    yield from _ALSO.get(name, ())
    yield "internal"


def _add_problem(responses: Schema, code: str) -> None:
    kind = KINDS[code]
    status = str(kind.status.value)
    content = {"schema": {"$ref": f"{COMPONENTS}Problem"}, "examples": {}}
    response = responses.setdefault(status, {"description": "", "content": {MEDIA_TYPE: content}})
    examples = response["content"][MEDIA_TYPE]["examples"]
    if code not in examples:
        title = f"`{code}` {kind.title.ja}"
        response["description"] = "、".join(filter(None, (response["description"], title)))
        examples[code] = {"summary": kind.title.ja, "value": schema.example(code)}


def _add_example(operation_id: str, response: Schema, schemas: Schema) -> None:
    content = response.get("content", {}).get("application/json", {})
    component = content.get("schema", {}).get("$ref", "").removeprefix(COMPONENTS)
    if not component or "example" in content or "examples" in content:
        return
    example = DIRECTORY_EXAMPLES.get(operation_id)
    content["example"] = example or schemas[component]["examples"][0]


def _request_body(component: str) -> Schema:
    types = {"OpeningIn": envelopes.OPENING_TYPES, "MessageIn": envelopes.LATER_TYPES}
    if component in types:
        examples = {
            name: {"summary": body.TITLE.ja, "value": request_example(name)}
            for name, body in BODIES.items()
            if name in types[component]
        }
    else:
        value = _SENT_EXAMPLES[component]
        examples = {"example": {"summary": "例", "value": value}}
    schema = {"$ref": f"{COMPONENTS}{component}"}
    return {
        "required": True,
        "content": {"application/json": {"schema": schema, "examples": examples}},
    }


def _shown() -> Schema:
    """The answers, with the nulls of their examples, which FastAPI leaves out."""
    parts = (
        erasure_shapes,
        inbox_shapes,
        referral_shapes,
        service_shapes,
        shapes,
        delivery_shapes,
        consent_shapes,
        webhook_shapes,
        act_shapes,
        administration_shapes,
        disclosure_shapes,
        log_shapes,
    )
    every = {name: kind for part in parts for name, kind in vars(part).items()}
    kinds = [kind for kind in every.values() if _is_answer(kind)]
    _, found = models_json_schema(
        [(kind, "serialization") for kind in kinds], ref_template=COMPONENTS + "{model}"
    )
    answers: Schema = found["$defs"]
    events = [name for name in BODIES if name not in envelopes.SENT_TYPES]
    answers["ServiceEvent"] = _one_of(events, "サービス自身の通知")
    body = answers["MessageOut"]["properties"]["body"]
    opened = {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}}
    body |= {"anyOf": [opened, {"$ref": f"{COMPONENTS}ServiceEvent"}]}
    del body["type"], body["additionalProperties"]
    return answers


def _is_answer(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, shapes.Shape) and kind is not shapes.Shape


def _sent() -> Schema:
    found: Schema = {}
    for model in (
        envelopes.OpeningIn,
        envelopes.MessageIn,
        reading.ReadIn,
        inbox.AcknowledgementIn,
        deliveries.PrintedIn,
        recalls.RecallIn,
        returns.ReturnAnswerIn,
        act_shapes.ActIn,
        *webhook_contract.SENT,
    ):
        schema = model.model_json_schema(ref_template=COMPONENTS + "{model}")
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    del found[Body.__name__]
    found["OpeningIn"]["properties"]["body"] = _one_of(envelopes.OPENING_TYPES, "本文")
    found["MessageIn"]["properties"]["body"] = _one_of(envelopes.LATER_TYPES, "本文")
    return found


def _one_of(types: Container[str], title: str) -> Schema:
    refs = {name: f"{COMPONENTS}{name}" for name in BODIES if name in types}
    return {
        "title": title,
        "oneOf": [{"$ref": ref} for ref in refs.values()],
        "discriminator": {"propertyName": "type", "mapping": refs},
    }
