"""What is said of a flow is in the schema of the contract, each mark of a table described."""

from collections.abc import Iterator
from typing import Any

import pytest
from httpx import AsyncClient

from app.api.flows.answers import FlowList, FlowOut, MessageSchema
from app.domain.flows import BODIES, FLOWS
from tests.support.contract import ENGLISH, PUBLISHED


@pytest.mark.parametrize("name", FLOWS)
async def test_an_answer_has_no_member_that_its_schema_has_not(
    stranger: AsyncClient, name: str
) -> None:
    listed = (await stranger.get("/v1/flows")).json()
    FlowList.model_validate(listed, extra="forbid")
    read = (await stranger.get(f"/v1/flows/{name}")).json()
    FlowOut.model_validate(read, extra="forbid")


def marks(flow: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Whatever a table has in a state's or a party's place, by the member in which it stands."""
    names = {each["name"] for part in ("parties", "states") for each in flow[part]}
    for row in flow["matrix"]:
        for member in ("from", "by", "to", "copies", "joins", "ends", "lead"):
            told = row[member] or []
            for value in [told] if isinstance(told, str) else told:
                if value not in names:
                    party, _, narrowed = value.partition(":")
                    yield member, f"x:{narrowed}" if party in names else value


@pytest.mark.parametrize("contract", [PUBLISHED, ENGLISH], ids=["ja", "en"])
async def test_each_mark_of_a_table_is_described(
    stranger: AsyncClient, contract: dict[str, Any]
) -> None:
    described = contract["components"]["schemas"]["FlowRow"]["properties"]
    used = set[tuple[str, str]]()
    for name in FLOWS:
        used |= set(marks((await stranger.get(f"/v1/flows/{name}")).json()))
    assert {("to", "="), ("to", "<"), ("copies", "named"), ("copies", "x:C0")} <= used
    for member, mark in used:
        assert f"`{mark}`" in described[member]["description"], (member, mark)


def notes(value: Any) -> set[str]:
    """The members of a schema, and of its parts, that begin with `x-`."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = {key for key in value if key.startswith("x-")} if isinstance(value, dict) else set()
    return own.union(*map(notes, parts))


@pytest.mark.parametrize("contract", [PUBLISHED, ENGLISH], ids=["ja", "en"])
async def test_each_note_in_the_schema_of_a_message_is_described(
    stranger: AsyncClient, contract: dict[str, Any]
) -> None:
    schemas = contract["components"]["schemas"]
    described = schemas["MessageSchema"]["properties"]
    used = set[str]()
    for message_type in BODIES:
        flow, _, event = message_type.partition(".")
        schema = (await stranger.get(f"/v1/flows/{flow}/schemas/{event}")).json()
        MessageSchema.model_validate(schema, extra="forbid")
        used |= notes(schema)
    assert {"x-data-class", "x-known-values", "x-taken-values", "x-least-urgency"} <= used
    for note in used:
        assert note in described or f"`{note}`" in described["properties"]["description"], note
