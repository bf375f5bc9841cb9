"""What a route does not declare in its query is refused, on every route of the contract."""

from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient, Response

from app.api.wire.paging import cursor_of
from tests.support.contract import CONTRACT
from tests.support.service import Service

ROLES = "decider", "records_officer", "auditor", "operator"
ROUTES = [
    (method, path, operation)
    for path, methods in CONTRACT["paths"].items()
    for method, operation in methods.items()
]
NAMES = [operation["operationId"] for _, _, operation in ROUTES]
every_route = pytest.mark.parametrize(("method", "path", "operation"), ROUTES, ids=NAMES)


def names_in(operation: dict[str, Any]) -> list[str]:
    return [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"]


async def call(
    speak: Any, stranger: AsyncClient, route: tuple[str, str, dict[str, Any]], query: str
) -> Response:
    """The answer to whoever holds the scope of the operation."""
    method, path, operation = route
    for name in (p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"):
        path = path.replace("{" + name + "}", str(uuid4()))
    if not operation["security"] or path.startswith("/oauth"):
        return await stranger.request(method.upper(), path + query)
    for role in ROLES:
        client = await speak("center-13", role)
        answer: Response = await client.request(method.upper(), path + query)
        if answer.status_code != 403:
            return answer
    raise AssertionError("nobody holds the scope")


def errors_of(answer: Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(e["pointer"], e["reason"]) for e in answer.json()["errors"]]


@every_route
async def test_a_parameter_that_is_not_declared_is_refused(
    speak: Any, stranger: AsyncClient, method: str, path: str, operation: dict[str, Any]
) -> None:
    query = "?limitt=1&Dry_Run=true&limitt=2"
    answer = await call(speak, stranger, (method, path, operation), query)
    if path.startswith("/oauth/"):  # in the form of RFC 6749
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert answer.headers["cache-control"] == "no-store"
        assert "422" not in operation["responses"]
        return
    assert errors_of(answer) == [
        ("/query/limitt", "extra_forbidden"), ("/query/?", "extra_forbidden"),
    ]  # fmt: skip
    assert "422" in operation["responses"]


@every_route
async def test_a_parameter_that_stands_twice_or_holds_no_text_is_refused(
    speak: Any, stranger: AsyncClient, method: str, path: str, operation: dict[str, Any]
) -> None:
    for name in names_in(operation):
        for query, reason in {
            f"?{name}=1&{name}=1": "given_twice",
            f"?{name}=%00": "nul",
            f"?{name}=%FF": "replacement_character",
            f"?{name}=%EE%80%80": "private_use",
        }.items():
            answer = await call(speak, stranger, (method, path, operation), query)
            assert (f"/query/{name}", reason) in errors_of(answer)


MISSPELT = {
    "integer": ("int_parsing", ["1_0", "+1", "%201", "1%20", "1.0", "01", "1e1", "%EF%BC%91"]),
    "number": ("float_parsing", ["1_0", "%2B1", "1e1", "infinity", "nan", ".5", "1."]),
    "boolean": ("bool_parsing", ["True", "yes", "on", "1", "t", "%20true", ""]),
    "uuid": ("uuid_parsing", ["5b0f2a3e3c0f4b1c9d5e7a9b8c7d6e5f", "urn:uuid:{}", "{{{}}}"]),
    "date-time": ("datetime_parsing", ["0", "1e9", "2026-04-01", "2026-04-01T09:00Z"]),
}
"""By type or format: the reason, and what Python reads though the contract spells it otherwise."""


@every_route
async def test_a_value_is_spelt_as_the_contract_spells_its_type(
    speak: Any, stranger: AsyncClient, method: str, path: str, operation: dict[str, Any]
) -> None:
    for parameter in (p for p in operation.get("parameters", ()) if p["in"] == "query"):
        name, schema = parameter["name"], parameter["schema"]
        kinds = {s.get("format", s.get("type")) for s in schema.get("anyOf", [schema])}
        for reason, values in (MISSPELT[kind] for kind in MISSPELT.keys() & kinds):
            for value in values:
                query = f"?{name}={value.format(uuid4())}"
                answer = await call(speak, stranger, (method, path, operation), query)
                assert (f"/query/{name}", reason) in errors_of(answer), query


@every_route
async def test_a_cursor_is_taken_as_it_was_given_alone(
    speak: Any, stranger: AsyncClient, method: str, path: str, operation: dict[str, Any]
) -> None:
    for name in {"cursor", "changed_after"} & {*names_in(operation)}:
        for cursor in ("", "'", "=", "W10'", "W10=", "W10", cursor_of("center-13") + "!!!!"):
            answer = await call(speak, stranger, (method, path, operation), f"?{name}={cursor}")
            assert errors_of(answer) == [(f"/query/{name}", "cursor")], cursor


async def test_a_value_that_is_spelt_as_its_type_is_taken(speak: Any) -> None:
    client = await speak("center-13")
    for at in ("09:00:00%2B09:00", "09:00:00+09:00", "00:00:00.5Z", "00:00:00-00:00"):
        answer = await client.get(f"/v1/referrals?limit=10&updated_after=2026-04-01T{at}")
        assert answer.status_code == 200, at
    for query in ("wait=0", "wait=0.1", "unacknowledged=true", "unacknowledged=false&after=0"):
        assert (await client.get(f"/v1/inbox?{query}")).status_code == 200, query


@every_route
async def test_without_a_token_nobody_learns_which_parameters_there_are(
    stranger: AsyncClient, method: str, path: str, operation: dict[str, Any]
) -> None:
    if operation["security"] and not path.startswith("/oauth"):
        answer = await stranger.request(method.upper(), path + "?no_such=1")
        assert answer.status_code == 401


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/v1/referrals?flow=special_adjustmemt", "unknown_flow"),
        ("/v1/referrals?state=acepted", "unknown_state"),
        ("/v1/referrals?limit=101", "less_than_equal"),
        ("/v1/agencies?kind=settlement_centre", "unknown_kind"),
        ("/v1/agencies?prefecture=48", "area_prefecture"),
        ("/v1/agencies?connected=perhaps", "bool_parsing"),
        ("/v1/routes?flow=specialadjustment&area=130001", "unknown_flow"),
        ("/v1/inbox?unacknowledged=ja", "bool_parsing"),
        ("/v1/inbox?wait=nan", "float_parsing"),
        ("/v1/cases/{}/disclosures?agency=center-99", "unknown_agency"),
        ("/v1/cases/{}/disclosures?class=C9", "enum"),
        ("/v1/cases/{}/disclosures/sheet?lang=fr", "literal_error"),
    ],
)
async def test_an_unknown_value_is_refused_with_its_place(
    speak: Any, path: str, reason: str
) -> None:
    answer = await (await speak("center-13")).get(path.format(uuid4()))
    name = path.partition("?")[2].partition("=")[0]
    assert errors_of(answer) == [(f"/query/{name}", reason)]


@pytest.mark.parametrize(
    "path",
    ["agencies?kind=x", "agencies?prefecture=48", "referrals?flow=x", "referrals?state=x",
     "routes?flow=x&area=130001", "cases/{}/disclosures?class=C9",
     "cases/{}/disclosures/sheet?lang=fr"],
)  # fmt: skip
async def test_of_a_closed_set_the_refusal_lists_what_is_taken(speak: Any, path: str) -> None:
    client = await speak("center-13")
    (error,) = (await client.get("/v1/" + path.format(uuid4()))).json()["errors"]
    assert error["takes"]
    query = path.partition("?")[2].partition("=")[0]
    for value in error["takes"][:3]:
        answer = await client.get("/v1/" + path.format(uuid4()).replace("=x", f"={value}"))
        refused = answer.json().get("errors", ()) if "=x" in path else ()
        assert f"/query/{query}" not in [e["pointer"] for e in refused]


@pytest.mark.parametrize("part", ["%00", "%EF%BF%BD", "%EE%80%80", "a%E2%80%AEb", "%20"])
async def test_text_that_no_id_can_hold_is_not_found(speak: Any, part: str) -> None:
    client = await speak("center-13")
    for path in ("/v1/agencies/{}", "/v1/referrals/{}", "/v1/flows/{}", "/problems/{}"):
        assert (await client.get(path.format(part))).status_code == 404


async def test_of_a_thousand_unknown_parameters_fifty_are_named(service: Service) -> None:
    query = "&".join(f"name_{n}=1" for n in range(1000))
    async with service.client(await service.token("center-13")) as client:
        answer = await client.get(f"/v1/referrals?{query}")
    assert len(errors_of(answer)) == 50
