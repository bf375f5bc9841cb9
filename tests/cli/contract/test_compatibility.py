"""What breaks a client is named when the contract is compared with the one last released."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli.contract import openapi
from app.cli.contract.compatibility import breaks, is_new_major
from tests.support.command_line import cli

RELEASED: dict[str, Any] = json.loads(Path("openapi/released.json").read_text())
PUBLISHED = Path("openapi/openapi.json").read_text()
Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> list[str]:
    """What breaks when the published contract is changed so."""
    new = json.loads(PUBLISHED)
    change(new)
    return breaks(json.loads(PUBLISHED), new)


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][name]
    return found


def field(document: dict[str, Any], name: str, of: str) -> dict[str, Any]:
    found: dict[str, Any] = schema(document, name)["properties"][of]
    return found


def operation(document: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][path][method]
    return found


def inbox(document: dict[str, Any]) -> dict[str, Any]:
    return operation(document, "get", "/v1/inbox")


BREAKING: dict[str, tuple[Change, str]] = {
    "a path that is gone": (lambda d: d["paths"].pop("/v1/me"), "GET /v1/me is gone"),
    "a method that is gone": (
        lambda d: d["paths"]["/v1/acts"].pop("post"),
        "POST /v1/acts is gone",
    ),
    "an operation with another name": (
        lambda d: inbox(d).update(operationId="look"),
        "GET /v1/inbox is called look, not read_inbox",
    ),
    "a schema that is gone": (
        lambda d: d.update(json.loads(json.dumps(d).replace("HoldOut", "HoldShown"))),
        "the schema HoldOut is gone",
    ),
    "a scope more": (
        lambda d: inbox(d)["security"][0]["tsunagu"].append("log:read"),
        "GET /v1/inbox asks for more than tsunagu inbox:read",
    ),
    "a token where none was needed": (
        lambda d: operation(d, "get", "/v1/flows").update(security=[{"tsunagu": []}]),
        "GET /v1/flows asks for more than nothing",
    ),
    "a way to authenticate that is gone": (
        lambda d: inbox(d)["security"].pop(),
        "GET /v1/inbox asks for more than dpop inbox:read",
    ),
    "a parameter that is gone": (
        lambda d: inbox(d)["parameters"].pop(0),
        "GET /v1/inbox has no after (query) any more",
    ),
    "a new required parameter": (
        lambda d: inbox(d)["parameters"].append(
            {"name": "x", "in": "query", "required": True, "schema": {"type": "string"}}
        ),
        "GET /v1/inbox requires x (query)",
    ),
    "a parameter that has become required": (
        lambda d: inbox(d)["parameters"][0].update(required=True),
        "GET /v1/inbox requires after (query)",
    ),
    "a parameter of another type": (
        lambda d: inbox(d)["parameters"][0]["schema"].update(type="string"),
        "GET /v1/inbox takes after (query): no longer integer",
    ),
    "a bound that is tighter": (
        lambda d: d["components"]["parameters"]["Limit"]["schema"].update(maximum=50),
        "GET /v1/referrals takes limit (query): maximum is 50",
    ),
    "a body where there was none": (
        lambda d: inbox(d).update(requestBody={"required": True, "content": {}}),
        "GET /v1/inbox requires a body",
    ),
    "a media type that is gone": (
        lambda d: operation(d, "post", "/v1/acts")["requestBody"]["content"].clear(),
        "POST /v1/acts takes: no application/json any more",
    ),
    "a property of a request that is gone": (
        lambda d: schema(d, "ActIn")["properties"].pop("detail"),
        "POST /v1/acts takes ActIn.detail is gone",
    ),
    "a property of a request that is required now": (
        lambda d: schema(d, "ActIn")["required"].append("detail"),
        "POST /v1/acts takes ActIn.detail is required",
    ),
    "a value that is no longer taken": (
        lambda d: field(d, "ActIn", "kind")["enum"].remove("erase"),
        "POST /v1/acts takes ActIn.kind: erase is gone",
    ),
    "a list of values where there was none": (
        lambda d: field(d, "ActIn", "target").update(enum=["a", "b"]),
        "POST /v1/acts takes ActIn.target: only a, b",
    ),
    "a pattern that was not there": (
        lambda d: field(d, "WebhookIn", "url").update(pattern="^https:"),
        "POST /v1/webhooks takes WebhookIn.url: pattern is ^https:",
    ),
    "fewer characters": (
        lambda d: field(d, "WebhookIn", "url").update(maxLength=10),
        "POST /v1/webhooks takes WebhookIn.url: maxLength is 10",
    ),
    "more characters": (
        lambda d: field(d, "WebhookIn", "url").update(minLength=10),
        "POST /v1/webhooks takes WebhookIn.url: minLength is 10",
    ),
    "null that is no longer taken": (
        lambda d: field(d, "AcknowledgementIn", "through")["anyOf"].pop(),
        "POST /v1/inbox/acknowledgements takes AcknowledgementIn.through: no longer null",
    ),
    "a message type that is no longer taken": (
        lambda d: field(d, "OpeningIn", "body")["oneOf"].pop(0),
        "POST /v1/referrals takes OpeningIn.body: no longer special_adjustment.notify_candidate",
    ),
    "a message type with another name": (
        lambda d: field(d, "special_adjustment.accept", "type").update(const="x.accept"),
        "POST /v1/referrals/{referral_id}/messages takes MessageIn.body special_adjustment.accept"
        ".type: special_adjustment.accept is gone",
    ),
    "an object that takes nothing else": (
        lambda d: field(d, "ActIn", "detail").update(additionalProperties=False),
        "POST /v1/acts takes ActIn.detail: nothing but its properties",
    ),
    "an answer that is gone": (
        lambda d: inbox(d)["responses"].pop("200"),
        "GET /v1/inbox does not answer 200 any more",
    ),
    "an answer in another form": (
        lambda d: inbox(d)["responses"]["200"]["content"].clear(),
        "GET /v1/inbox answers 200: no application/json any more",
    ),
    "a property of an answer that is gone": (
        lambda d: schema(d, "ItemOut")["properties"].pop("state"),
        "GET /v1/inbox answers 200 InboxOut.items[] ItemOut.state is gone",
    ),
    "a property of an answer that may be missing": (
        lambda d: schema(d, "ItemOut")["required"].remove("state"),
        "GET /v1/inbox answers 200 InboxOut.items[] ItemOut.state may be missing",
    ),
    "an answer that can be null": (
        lambda d: schema(d, "ItemOut")["properties"].update(
            state={"anyOf": [{"type": "string"}, {"type": "null"}]}
        ),
        "GET /v1/inbox answers 200 InboxOut.items[] ItemOut.state: can now be null",
    ),
    "an answer of another type": (
        lambda d: (
            operation(d, "get", "/v1/me")["responses"]["401"].update(
                {"$ref": "#/components/responses/Gone"}
            )
            or d["components"]["responses"].update(
                Gone={"content": {"application/problem+json": {"schema": {"type": "string"}}}}
            )
        ),
        "GET /v1/me answers 401: can now be string",
    ),
    "a value more in an answer": (
        lambda d: schema(d, "Problem")["properties"]["guards"]["items"]["properties"]["missing"][
            "items"
        ]["properties"]["because"].update(enum=["none_named", "other"]),
        "POST /v1/referrals answers 400 Problem.guards[].missing[].because: can now be other",
    ),
    "a value less in an answer": (
        lambda d: schema(d, "Problem")["properties"]["guards"]["items"]["properties"]["missing"][
            "items"
        ]["properties"]["because"].update(enum=["none_named"]),
        "POST /v1/referrals answers 400 Problem.guards[].missing[].because: not_covered is gone",
    ),
    "a notice without a field": (
        lambda d: schema(d, "NoticeData")["properties"].pop("kind"),
        "POST inboxNotice answers NoticeOut.data NoticeData.kind is gone",
    ),
}

HARMLESS: dict[str, Change] = {
    "another order": lambda d: d.update(paths=dict(reversed(d["paths"].items()))),
    "a new path": lambda d: d["paths"].update({"/v2/me": d["paths"]["/v1/me"]}),
    "a parameter that need not be sent": lambda d: inbox(d)["parameters"].append(
        {"name": "x", "in": "query", "schema": {"type": "string"}}
    ),
    "a property that need not be sent": lambda d: schema(d, "ActIn")["properties"].update(
        x={"type": "string"}
    ),
    "a property more in an answer": lambda d: schema(d, "ItemOut")["properties"].update(
        x={"type": "string"}
    ),
    "an event more of the service, where any type may stand": lambda d: schema(d, "ServiceEvent")[
        "oneOf"
    ].append({"$ref": "#/components/schemas/ActIn"}),
    "a value more that is taken": lambda d: field(d, "ActIn", "kind")["enum"].append("x"),
    "a bound that is wider": lambda d: field(d, "WebhookIn", "url").update(maxLength=10_000),
    "an answer that is never null any more": lambda d: field(d, "ItemOut", "type").update(
        type="string"
    ),
    "another answer": lambda d: inbox(d)["responses"].update({"418": {"description": "-"}}),
    "a scope less": lambda d: inbox(d)["security"][0].update(tsunagu=[]),
    "other words": lambda d: schema(d, "ActIn").update(description="-"),
}


@pytest.mark.parametrize("name", BREAKING)
def test_what_breaks_a_client_is_named(name: str) -> None:
    change, sentence = BREAKING[name]
    assert sentence in changed(change)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_breaks_no_client_is_not_named(name: str) -> None:
    assert changed(HARMLESS[name]) == []


def test_the_published_contract_breaks_no_client_of_the_released_one() -> None:
    new = json.loads(PUBLISHED)
    assert breaks(RELEASED, new) == [] or is_new_major(RELEASED, new)


def test_only_a_new_major_version_may_break_clients() -> None:
    versions = ("1.0.0", "1.9.0"), ("1.9.0", "2.0.0"), ("9.0.0", "10.0.0")
    told = [is_new_major({"info": {"version": a}}, {"info": {"version": b}}) for a, b in versions]
    assert told == [False, True, True]


def test_the_command_names_what_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi, "FOLDER", tmp_path)
    run = CliRunner().invoke
    assert run(cli, ["openapi"]).exit_code == 0
    missing = run(cli, ["openapi", "--check"])
    assert (missing.exit_code, "released.json is not there" in missing.stderr) == (1, True)
    assert run(cli, ["openapi", "--release"]).exit_code == 0
    assert run(cli, ["openapi", "--check"]).exit_code == 0
    released = json.loads((tmp_path / "released.json").read_text())
    released["paths"]["/v1/gone"] = released["paths"]["/v1/me"]
    (tmp_path / "released.json").write_text(json.dumps(released))
    broken = run(cli, ["openapi", "--check"])
    assert (broken.exit_code, "GET /v1/gone is gone" in broken.stderr) == (1, True)
