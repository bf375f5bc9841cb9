"""The published contract is what the service does."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from app.api.contract import contract
from app.api.referrals import envelopes
from app.api.wire.documented import is_japanese
from app.api.wire.json_body import parse
from app.api.wire.message_examples import request_example
from app.api.wire.problems.kinds import KINDS
from app.api.wire.rates import Rate, Rates
from app.auth.scopes import Scope
from app.domain.flows import BODIES, FLOWS
from app.domain.state_machine.reachability import possible_steps
from tests.api.contract.comparison import differences
from tests.support.contract import CONTRACT, ENGLISH, PUBLISHED, undeclared
from tests.support.service import Service

FILES = Path(__file__).parents[3] / "openapi"
ASSEMBLY = Path(contract.__file__).parent
PUBLIC = {
    "list_flows", "read_flow", "read_schema", "read_message_page", "read_diagram",
    "list_problems", "read_problem", "read_health", "read_readiness",
    "read_authorization_server", "read_jwks", "read_log_keys",
}  # fmt: skip


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in CONTRACT["paths"].items():
        for operation in methods.values():
            yield path, operation


def examples() -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Every media type of the contract with its examples: where, schema, value."""
    for _, operation in operations():
        name = operation["operationId"]
        parts = [("request", operation.get("requestBody", {})), *operation["responses"].items()]
        for part, described in parts:
            for media in described.get("content", {}).values():
                values = [e["value"] for e in media.get("examples", {}).values()]
                values += [media["example"]] if "example" in media else []
                assert values, f"{name} {part} has no example"
                for value in values:
                    yield f"{name} {part}", media["schema"], value


def lists_in(schema: dict[str, Any], seen: set[str]) -> Iterator[dict[str, Any]]:
    """The schemas of the lists that a body may hold."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in seen:
            seen.add(name)
            yield from lists_in(CONTRACT["components"]["schemas"][name], seen)
        return
    if schema.get("type") == "array":
        yield schema
        yield from lists_in(schema["items"], seen)
    parts = schema.get("properties", {}).values()
    for part in [*parts, *schema.get("anyOf", ()), *schema.get("oneOf", ())]:
        yield from lists_in(part, seen)


def test_a_list_of_codes_or_ids_in_a_body_holds_nothing_twice() -> None:
    seen: set[str] = set()
    media = [
        m for _, o in operations() for m in o.get("requestBody", {}).get("content", {}).values()
    ]
    found = [each for medium in media for each in lists_in(medium["schema"], seen)]
    assert len(found) > 100
    for each in found:
        name = each["items"].get("$ref", "").rpartition("/")[2]
        items = CONTRACT["components"]["schemas"][name] if name else each["items"]
        assert each.get("uniqueItems", False) == (items.get("type") != "object"), each


def test_the_published_files_are_fresh() -> None:
    assert json.loads((FILES / "openapi.json").read_text()) == PUBLISHED
    assert json.loads((FILES / "openapi.en.json").read_text()) == ENGLISH


def test_no_schema_is_named_after_a_python_module() -> None:
    assert not [name for name in CONTRACT["components"]["schemas"] if "__" in name]


def test_the_assembly_knows_no_operation_by_name() -> None:
    names = {operation["operationId"] for _, operation in operations()}
    text = "".join(file.read_text() for file in ASSEMBLY.glob("*.py"))
    assert not names & set(re.findall(r'"(\w+)"', text))


def test_every_problem_and_every_common_parameter_is_said_once() -> None:
    components, parameters = PUBLISHED["components"], []
    for methods in PUBLISHED["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                assert "application/problem+json" not in response.get("content", {}), status
            parameters += [p for p in operation.get("parameters", ()) if "$ref" not in p]
    assert len({json.dumps(p, sort_keys=True) for p in parameters}) == len(parameters)
    of_no_route = {"method_not_allowed", "head_too_large", "too_slow"}
    assert components["examples"].keys() == KINDS.keys() - of_no_route
    said = json.dumps(PUBLISHED)
    for kind in ("responses", "parameters", "examples"):
        assert all(f'"#/components/{kind}/{name}"' in said for name in components[kind])


def test_a_difference_between_two_contracts_is_found() -> None:
    other = json.loads(json.dumps(PUBLISHED))
    assert not list(differences(PUBLISHED, other))
    other["components"]["parameters"]["ReferralId"]["required"] = False
    other["components"]["responses"]["Internal"]["description"] = "-"
    other["components"]["schemas"]["MeOut"]["required"].remove("seats")
    del other["paths"]["/v1/me"]["get"]["summary"]
    found = list(differences(PUBLISHED, other))
    assert any("/v1/referrals/{referral_id}/get/parameters" in each for each in found)
    assert any("/responses/500/description" in each for each in found)
    assert any("MeOut/required" in each for each in found)
    assert "/paths//v1/me/get/summary: removed" in found


def test_every_example_is_valid() -> None:
    for where, schema, value in examples():
        complete = {**schema, "components": CONTRACT["components"]}
        errors = [e.message for e in Draft202012Validator(complete).iter_errors(value)]
        assert not errors, (where, errors[:3])


def test_every_operation_says_what_it_is_and_what_can_go_wrong() -> None:
    for path, operation in operations():
        name = operation["operationId"]
        assert not operation["summary"].isascii(), name
        assert not operation["description"].isascii(), name
        assert "Successful" not in json.dumps(operation), name
        if path.startswith("/oauth"):
            continue
        statuses = set(operation["responses"])
        assert bool(operation["security"]) is (name not in PUBLIC), name
        if operation["security"]:
            assert {"401", "503"} <= statuses, name
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= statuses, name
        if "{" in path:
            assert "404" in statuses, name


def words(part: Any) -> Iterator[str]:
    """Every title, summary and description, but for those in examples."""
    if isinstance(part, list):
        for each in part:
            yield from words(each)
    if isinstance(part, dict):
        yield from (part[n] for n in ("title", "summary", "description") if is_words(part, n))
        for name, value in part.items():
            if name not in {"example", "value"} and not (
                name == "examples" and type(value) is list
            ):
                yield from words(value)


def is_words(part: dict[str, Any], name: str) -> bool:
    return isinstance(part.get(name), str)


def message_parts() -> set[str]:
    """The schemas of message types, and all that they are made of: in Japanese, as they stand."""
    schemas, parts = ENGLISH["components"]["schemas"], set(BODIES)
    while True:
        named = {n for p in parts for n in re.findall(r"schemas/([\w.]+)", json.dumps(schemas[p]))}
        if named <= parts:
            return parts
        parts |= named


def test_the_english_contract_is_in_english() -> None:
    document = json.loads(json.dumps(ENGLISH))
    assert document["info"].pop("title") == "つなぐ Tsunagu"
    schemas = document["components"]["schemas"]
    for name in message_parts():
        schemas[name] = {n: v for n, v in schemas[name].items() if n == "title" and name in BODIES}
    assert not [text for text in words(document) if is_japanese(text)]
    scopes = document["components"]["securitySchemes"]["tsunagu"]["flows"]["clientCredentials"]
    assert not [text for text in scopes["scopes"].values() if is_japanese(text)]
    for operation in (o for methods in document["paths"].values() for o in methods.values()):
        assert operation["description"][0].isupper(), operation["operationId"]


def test_the_two_contracts_differ_in_words_alone() -> None:
    changed = {each.partition(": ")[0].split("/")[-1] for each in differences(PUBLISHED, ENGLISH)}
    assert changed <= {"title", "summary", "description", "x-data-class-title", "detail", "hint",
                       *(scope.value for scope in Scope)}  # fmt: skip


def test_no_words_are_in_both_languages_at_once() -> None:
    for text in words(PUBLISHED):
        parts = [is_japanese(part) for part in text.split("\n\n")]
        assert all(parts) or not any(parts), text


def test_every_operation_has_a_tag_and_every_tag_a_group() -> None:
    listed = [tag["name"] for tag in PUBLISHED["tags"]]
    used = [tag for _, operation in operations() for tag in operation["tags"]]
    assert set(used) == set(listed)
    assert listed == [tag for group in PUBLISHED["x-tagGroups"] for tag in group["tags"]]
    assert [tag["name"] for tag in ENGLISH["tags"]] == listed


def as_published(answer: Response) -> dict[str, Any]:
    """A contract that was served, at whatever URL: the published one names none."""
    contract: dict[str, Any] = answer.json()
    assert [server["url"] for server in contract["servers"]] == ["https://tsunagu.test"]
    contract["servers"][0]["url"] = "/"
    return contract


async def test_the_contract_can_be_had_in_either_language(stranger: AsyncClient) -> None:
    english = {"Accept-Language": "en"}
    default = await stranger.get("/openapi.json", headers=english)
    assert (as_published(default), default.headers["Content-Language"]) == (PUBLISHED, "ja")
    for language, document in (("ja", PUBLISHED), ("en", ENGLISH)):
        answer = await stranger.get(f"/openapi.json?lang={language}")
        assert as_published(answer) == document
        assert answer.headers["Content-Language"] == language
        assert answer.headers["Content-Type"] == "application/json"
        assert (await stranger.head(f"/openapi.json?lang={language}")).status_code == 200
    wrong = await stranger.get("/openapi.json?lang=fr")
    assert wrong.status_code == 422
    (error,) = wrong.json()["errors"]
    assert error == {"pointer": "/query/lang", "reason": "literal_error", "takes": ["ja", "en"]}


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
@pytest.mark.parametrize("language", ["ja", "en"])
async def test_the_documentation_is_in_the_readers_language(
    stranger: AsyncClient, path: str, language: str
) -> None:
    page = await stranger.get(path, headers={"Accept-Language": language})
    assert f'"openapi.json?lang={language}"' in page.text
    assert f'<html lang="{language}">' in page.text
    assert page.headers["Content-Language"] == language
    assert page.headers["Vary"] == "Accept-Language, Accept-Encoding"


def test_every_parameter_says_what_it_means() -> None:
    for path, operation in operations():
        for parameter in operation.get("parameters", ()):
            assert not parameter["description"].isascii(), (path, parameter["name"])


@pytest.mark.parametrize("name", BODIES)
def test_every_message_type_is_described_in_full(name: str) -> None:
    schema, body = CONTRACT["components"]["schemas"][name], BODIES[name]
    assert (schema["title"], schema["x-title-en"]) == (body.TITLE.ja, body.TITLE.en)
    assert schema["examples"] == [body.EXAMPLE]
    for field, described in schema["properties"].items():
        assert described["x-data-class"] == body.classes()[field], field
        assert not described["title"].isascii(), field
    complete = {**schema, "components": CONTRACT["components"]}
    assert not list(Draft202012Validator(complete).iter_errors(body.EXAMPLE))


@pytest.mark.parametrize("name", sorted(envelopes.SENT_TYPES))
def test_every_published_message_is_taken_in(name: str) -> None:
    read = envelopes.read_opening if name in envelopes.OPENING_TYPES else envelopes.read_later
    assert read(parse(json.dumps(request_example(name)).encode())).body.type == name


@pytest.mark.parametrize("flow", FLOWS)
async def test_every_flow_is_published(stranger: AsyncClient, flow: str) -> None:
    listed = (await stranger.get("/v1/flows")).json()["items"]
    assert flow in {item["name"] for item in listed}
    answer = await stranger.get(f"/v1/flows/{flow}")
    flow_page = answer.json()
    possible = {step.type for step in possible_steps(FLOWS[flow])}
    assert {row["type"] for row in flow_page["matrix"]} == possible
    assert {message["type"] for message in flow_page["messages"]} == possible
    same = await stranger.get(
        f"/v1/flows/{flow}", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert same.status_code == 304
    diagram = await stranger.get(f"/v1/flows/{flow}/diagram")
    assert diagram.headers["Content-Type"].startswith("text/vnd.mermaid")
    assert diagram.text.startswith("stateDiagram-v2")
    for message in flow_page["messages"]:
        assert (await stranger.get(message["page"])).status_code == 200
        schema = (await stranger.get(message["schema"])).json()
        Draft202012Validator.check_schema(schema)
        example = BODIES[message["type"]].EXAMPLE
        assert not list(Draft202012Validator(schema).iter_errors(example))


@pytest.mark.parametrize(
    "path",
    ["/v1/flows/x", "/v1/flows/x/diagram", "/v1/flows/x/schemas/y", "/v1/flows/x/messages/y"],
)
async def test_what_is_no_flow_is_not_found(stranger: AsyncClient, path: str) -> None:
    assert (await stranger.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_the_documentation_comes_from_here_alone(stranger: AsyncClient, path: str) -> None:
    page = await stranger.get(path)
    assert page.status_code == 200
    assert "//" not in page.text
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    loaded = [part.split('"')[0] for part in page.text.replace("href", "src").split('src="')[1:]]
    assert len(loaded) >= 2
    for file in loaded:
        assert (await stranger.get(file)).status_code == 200, file
    assert as_published(await stranger.get("/openapi.json")) == PUBLISHED
    assert (await stranger.get("/favicon.ico")).status_code == 200


async def test_the_service_says_whether_it_can_work(stranger: AsyncClient) -> None:
    assert (await stranger.get("/healthz")).json() == {"status": "ok"}
    # What is behind depends on how long the tests before have left the log to itself.
    readiness = (await stranger.get("/readyz")).json()
    assert (readiness["status"], readiness["amiss"]) == ("ok", [])


def test_the_notice_is_described_as_it_is_sent() -> None:
    (operation,) = CONTRACT["webhooks"]["inboxNotice"].values()
    assert {p["name"] for p in operation["parameters"]} == {
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    }
    media = operation["requestBody"]["content"]["application/json"]
    complete = {**media["schema"], "components": CONTRACT["components"]}
    assert not list(Draft202012Validator(complete).iter_errors(media["example"]))


def path_of(operation_id: str) -> str:
    """The path of an operation, with names that are there."""
    (path,) = (p for p, operation in operations() if operation["operationId"] == operation_id)
    names = {"flow": "special_adjustment", "event": "accept", "code": "not_found"}
    return path.format_map({**names, **{n: str(UUID(int=0)) for n in re.findall("{(.*?)}", path)
                                        if n not in names}})  # fmt: skip


@pytest.mark.parametrize("operation_id", sorted(PUBLIC))
async def test_what_any_stranger_is_answered_is_declared(
    stranger: AsyncClient, operation_id: str
) -> None:
    path = path_of(operation_id)
    good = await stranger.get(path, headers={"Accept-Encoding": "gzip"})
    assert good.status_code == 200
    answers = {200: good}
    if (tag := good.headers.get("ETag")) is not None:
        answers[304] = await stranger.get(path, headers={"If-None-Match": tag})
    two = [("Authorization", "Bearer x"), ("Authorization", "Bearer y")]
    answers[400] = await stranger.get(path, headers=two)
    answers[415] = await stranger.get(path, headers={"Content-Encoding": "gzip"})
    answers[422] = await stranger.get(path, params={"unheard_of": 1})
    for status, answer in answers.items():
        assert answer.status_code == status
        assert not list(undeclared(operation_id, answer))


async def test_a_stranger_who_calls_too_often_is_answered_as_declared(service: Service) -> None:
    dependencies, kept = service.app.state.dependencies._by_type, service.dependency(Rates)
    dependencies[Rates] = Rates(Rate(of_a_stranger=1))
    try:
        async with service.client() as stranger:
            await stranger.get("/v1/flows")
            too_many = await stranger.get("/v1/flows")
    finally:
        dependencies[Rates] = kept
    assert too_many.status_code == 429
    assert too_many.headers["Retry-After"]
    assert not list(undeclared("list_flows", too_many))
