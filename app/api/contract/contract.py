"""The published contract (OpenAPI 3.1), assembled from what the routes say of themselves."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import RouteContext, iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode

from app.api.contract import headers
from app.api.contract.sharing import share
from app.api.contract.tags import groups, tags
from app.api.flows.json_schemas import COMPONENTS, components
from app.api.wire.caller import DPOP
from app.api.wire.documented import REFERENCE, Documentation, both, in_language
from app.api.wire.gate import counts_strangers
from app.api.wire.language import Language
from app.api.wire.pages import MadeOnce, StaticPage
from app.api.wire.problems.answers import MEDIA_TYPE
from app.api.wire.problems.kinds import KINDS, example
from app.api.wire.problems.schema import PROBLEM
from app.api.wire.schemas import Shape
from app.domain.text import Text

Schema = dict[str, Any]

SUMMARY = Text(
    "つなぐ: 地域生活定着支援のための依頼を運ぶ",
    "Tsunagu: carries referrals for community settlement support",
)
DESCRIPTION = Text(
    """\
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
""",
    """\
A service that carries referrals between Japan's community settlement support centers and prisons,
probation offices, prosecutors, lawyers and the centers of other prefectures.

* Everything is a **message**: a typed body in an envelope. What was sent does not change.
* A **flow** is a table. In which state who may send what, what that leads to and whom it reaches
  is in `/v1/flows`.
* The fields of a body are sealed by data class (C0 to C8). A reader can open the classes for which
  it has the right and the consent.
* The sender makes the ids. If no answer came, send the same again: nothing happens twice.
* Checks are made in this order: token → scope → format → same id → party → `If-Match` → state →
  seat → guards.
* The number of calls is limited. The `RateLimit` header says how many are left; beyond that the
  answer is 429 with `Retry-After`.
* A token is a bearer token or one bound to a key (DPoP). Revoke it by `POST /oauth/revoke`.
* Times are RFC 3339: sent with +09:00, taken with any offset.

Refusals are RFC 9457 (`application/problem+json`), in Japanese, or in English with
`Accept-Language: en`. Only `/oauth/*` follows RFC 6749 instead.
""",
)


OAUTH_CODES = ("unsupported_encoding", "busy", "unavailable", "internal")
"""The problems of the token endpoint: those that arise before it or within the service."""
NO_HEAD = Text(
    "呼ぶこと自体を記録するため、`HEAD` には 405 で答える。",
    "A call is itself recorded, so `HEAD` is answered with 405.",
)


class Contract:
    """The contract of an application, made once in each language, when it is first asked for.

    Args:
        app: with all its routes.
        webhooks: the contract's section of what is sent to receivers.
        webhook_models: the shapes that it refers to.
    """

    def __init__(
        self, app: FastAPI, webhooks: Mapping[str, Schema], webhook_models: Sequence[type[Shape]]
    ) -> None:
        self._app = app
        self._webhooks = webhooks
        self._webhook_models = webhook_models
        self._documents: dict[Language, Schema] = {}
        self.make_text: Callable[[Language, str], bytes] = self.text
        """What makes the text of a page. A server has it made by another process."""
        self.pages: MadeOnce[tuple[Language, str]] = MadeOnce(self._page)
        """The same as JSON, by language and by the URL that the service is reached under."""

    def document(self, language: Language = "ja") -> Schema:
        """The contract in one language."""
        if language not in self._documents:
            self._documents[language] = assembled(
                self._app, self._webhooks, self._webhook_models, language
            )
        return self._documents[language]

    def prepare(self, url: str) -> None:
        """Make the pages before anybody asks; to be called outside of an event loop."""
        for language in get_args(Language):
            self.pages.now((language, url))

    def text(self, language: Language, url: str) -> bytes:
        """The contract of the service that is reached under `url`, as JSON."""
        document = self.document(language)
        served = {**document, "servers": [{**document["servers"][0], "url": url}]}
        return json.dumps(served, ensure_ascii=False, separators=(",", ":")).encode()

    def _page(self, key: tuple[Language, str]) -> StaticPage:
        return StaticPage.of(self.make_text(*key), "application/json")


def install(
    app: FastAPI, webhooks: Mapping[str, Schema], webhook_models: Sequence[type[Shape]]
) -> None:
    """Let `app` have its contract, in place of FastAPI's own; the arguments are `Contract`'s."""
    contract = Contract(app, webhooks, webhook_models)
    app.state.contract = contract
    # FastAPI asks for its contract to be replaced in this way.
    app.openapi = contract.document  # type: ignore[method-assign]


def assembled(
    app: FastAPI,
    webhooks: Mapping[str, Schema],
    webhook_models: Sequence[type[Shape]],
    language: Language,
) -> Schema:
    """The contract as the service keeps it, in one language."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        summary=both(*SUMMARY),
        description=both(*DESCRIPTION),
        routes=app.routes,
        tags=list(tags(language)),
        servers=[{"url": "/", "description": both("このサービス", "This service")}],
        license_info={"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    )
    document["x-tagGroups"] = list(groups(language))
    routes = dict(_routes(app))
    document["components"]["schemas"] = _schemas(document, routes.values(), webhook_models)
    document["components"]["securitySchemes"]["dpop"] = dict(DPOP)
    document["components"]["headers"] = {n: dict(each) for n, each in headers.HEADERS.items()}
    document["webhooks"] = dict(webhooks)
    for path, operation in _operations(document):
        _complete(path, operation, routes[operation["operationId"]].openapi_extra, language)
        _add_examples(operation, document["components"]["schemas"])
    share(document)
    _add_headers(document, routes)
    said: Schema = in_language(_with_references(document), language)
    return said


def _routes(app: FastAPI) -> Iterator[tuple[str, RouteContext]]:
    for route in iter_route_contexts(app.routes):
        if isinstance(getattr(route, "openapi_extra", None), Documentation):
            yield route.operation_id, route


def _operations(document: Schema) -> Iterator[tuple[str, Schema]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def _complete(path: str, operation: Schema, notes: Documentation, language: Language) -> None:
    """Add to an operation of FastAPI's what our routes say of it, and what holds for all."""
    operation["description"] = both(operation["description"], notes.english)
    if notes.records:
        operation["description"] += f"\n\n{both(*NO_HEAD)}"
    operation.setdefault("security", [])
    _or_bound(operation["security"])
    _describe_parameters(operation, notes.parameters)
    responses = operation["responses"]
    responses.pop("422", None)  # FastAPI's own, which is never sent
    # A query that is not declared is refused in one way, before a route answers in its own.
    codes = _codes(path, operation, notes) if notes.answers_problems else OAUTH_CODES
    for code in dict.fromkeys(codes):
        _add_problem(responses, code, language)
    if notes.takes:
        operation["requestBody"] = _request_body(notes.takes, notes)
    for status, shown in notes.shows.items():
        responses[str(status)]["content"]["application/json"] |= shown
    if notes.conditional:
        operation.setdefault("parameters", []).append(dict(headers.IF_NONE_MATCH))
        responses["304"] = dict(headers.UNCHANGED)


def _add_headers(document: Schema, routes: Mapping[str, RouteContext]) -> None:
    """Add the headers of answers, when problems stand once for all operations: it takes a while."""
    for response in document["components"]["responses"].values():
        codes = response["content"][MEDIA_TYPE]["examples"]
        response["headers"] = headers.of_answer(headers.of_problems(codes))
    for _, operation in _operations(document):
        notes: Documentation = routes[operation["operationId"]].openapi_extra
        for status, response in operation["responses"].items():
            if "$ref" not in response:
                response["headers"] = _headers(status, notes)


def _headers(status: str, notes: Documentation) -> Schema:
    """The headers that an answer may have which is no problem."""
    refuses = {"401": ["WWW-Authenticate"], "429": ["Retry-After"]}.get(status, [])
    own = headers.of_success(status, notes.headers, conditional=notes.conditional)
    return headers.of_answer([*own, *refuses])


def _describe_parameters(operation: Schema, texts: Mapping[str, Text]) -> None:
    for parameter in operation.get("parameters", ()):
        if "description" not in parameter:
            parameter["description"] = both(*texts[parameter["name"]])


def _or_bound(security: list[Schema]) -> None:
    """Where a bearer token is taken, one that is bound to a key is taken as well."""
    security += [{"dpop": scheme["tsunagu"]} for scheme in security if "tsunagu" in scheme]


def _codes(path: str, operation: Schema, notes: Documentation) -> Iterator[str]:
    """The problems that an operation may answer with."""
    yield from ("bad_request", "unsupported_encoding")  # whatever the route
    if counts_strangers(path):
        yield from ("too_many", "unavailable")
    if operation["security"]:
        yield "not_authenticated"
        if any(scopes for scheme in operation["security"] for scopes in scheme.values()):
            yield "scope_missing"
        yield from ("too_many_today", "busy")
    if notes.takes:
        yield from (
            "malformed",
            "unsupported_media_type",
            "too_large",
        )
    yield "invalid"  # every route refuses query parameters that it does not declare
    if "{" in path:
        yield "not_found"
    yield from notes.may_answer
    yield "internal"


def _add_problem(responses: Schema, code: str, language: Language) -> None:
    kind = KINDS[code]
    content = {"schema": {"$ref": f"{COMPONENTS}Problem"}, "examples": {}}
    response = responses.setdefault(
        str(kind.status.value), {"description": "", "content": {MEDIA_TYPE: content}}
    )
    response["content"][MEDIA_TYPE]["examples"][code] = {
        "summary": kind.title.in_language(language),
        "value": example(code, language),
    }
    separator = "、" if language == "ja" else ", "
    title = f"`{code}` {kind.title.in_language(language)}"
    response["description"] = separator.join(filter(None, (response["description"], title)))


def _add_examples(operation: Schema, schemas: Schema) -> None:
    """Give each answer in JSON the example of its schema, where it has none of its own."""
    for response in operation["responses"].values():
        content = response.get("content", {}).get("application/json", {})
        component = content.get("schema", {}).get("$ref", "").removeprefix(COMPONENTS)
        if component and "example" not in content and "examples" not in content:
            content["example"] = schemas[component]["examples"][0]


def _request_body(model: type[BaseModel], notes: Documentation) -> Schema:
    schema = {"$ref": f"{COMPONENTS}{model.__name__}"}
    return {
        "required": not notes.may_be_empty,
        "content": {"application/json": {"schema": schema, "examples": dict(notes.examples)}},
    }


def _schemas(
    document: Schema, routes: Iterable[RouteContext], webhook_models: Sequence[type[Shape]]
) -> Schema:
    """Every schema by name: FastAPI's, and ours in place of those where it leaves something out."""
    schemas: Schema = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    sent = [route.openapi_extra.takes for route in routes if route.openapi_extra.takes]
    answers = [*webhook_models, *(model for route in routes for model in _answers(route))]
    schemas |= components()
    schemas |= _models(sent, "validation")
    schemas |= _models(answers, "serialization")  # with the nulls of their examples
    for route in routes:
        schemas |= route.openapi_extra.components
    return {**schemas, "Problem": dict(PROBLEM)}


def _answers(route: RouteContext) -> Iterator[type[Shape]]:
    """The shapes that a route may answer with."""
    also = (response.get("model") for response in route.responses.values())
    for model in (route.response_model, *also, *route.openapi_extra.models):
        if isinstance(model, type) and issubclass(model, Shape):
            yield model


def _models(models: Iterable[type[BaseModel]], mode: JsonSchemaMode) -> Schema:
    """The schemas of models, and of all that they are made of, by name.

    Raises:
        ValueError: two of them have one name.
    """
    schemas: Schema = {}
    for model in models:
        schema = model.model_json_schema(ref_template=COMPONENTS + "{model}", mode=mode)
        parts = schema.pop("$defs", {})
        for name, part in {**parts, model.__name__: schema}.items():
            if schemas.setdefault(name, part) != part:
                raise ValueError(f"two different schemas would be named {name}")
    return schemas


def _with_references(value: Any) -> Any:
    """`value` with the references that models could not hold."""
    if isinstance(value, dict):
        if REFERENCE in value:
            return {"$ref": COMPONENTS + value[REFERENCE]}
        return {name: _with_references(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_with_references(part) for part in value]
    return value
