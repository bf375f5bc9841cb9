"""Every operation × every role × whose object × every token: the agreed answer, nothing written.

The operations come from the contract of the running application, what is agreed on each from
`agreed.py`. A new operation fails here until it has a row there.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from httpx import Response

from app.domain.access.caller import Caller
from tests.conftest import CELLS
from tests.support.contract import CONTRACT, undeclared
from tests.whole.matrix.agreed import ELSEWHERE, ROLES, ROWS, Row
from tests.whole.matrix.conftest import CLOSED, SECRET, US, RecordProperty, World
from tests.whole.matrix.places import BODIES, OWN, PLACES, QUERIES, Named
from tests.whole.matrix.speaker import bearer
from tests.whole.matrix.state import fingerprint
from tests.whole.matrix.tokens import caller, without

OPERATIONS = {
    operation["operationId"]: (method.upper(), path)
    for path, methods in CONTRACT["paths"].items()
    for method, operation in methods.items()
}


def sitting(role: str, name: str) -> Caller:
    """Whoever sat in a seat of ours before something was done to it."""
    return caller(US, role, client=f"{US}.{role}-{name}-system", seat=f"{US}.{role}-{name}")


OFF: Mapping[str, Callable[[str], Caller]] = {
    "disabled seat": lambda role: caller(US, role, seat=f"{US}.{role}-off-seat"),
    "disabled client": lambda role: caller(US, role, client=f"{US}.{role}-off-client-system"),
    "disabled agency": lambda role: caller(CLOSED, role),
    "unlinked seat": lambda role: sitting(role, "unlinked"),
    "changed seat": lambda role: sitting(role, "changed"),
    "changed secret": lambda role: sitting(role, "rekeyed"),
}
GOOD, NARROW, REVOKED = "good token", "without the scope", "revoked"


@dataclass(frozen=True, eq=False)
class Cell:
    """One call that is made: by whom, with what token, about whose object."""

    row: Row
    role: str
    token: str
    place: str
    named: Named

    @property
    def expected(self) -> int:
        """The agreed status."""
        if self.row.scope != "public":
            if self.token not in {GOOD, NARROW}:
                return 401
            if self.token == NARROW or not self.row.allows(self.role):
                return 403
        return self.row.answer_on_own(self.role) if self.place == OWN else self.row.other[self.role]

    @property
    def succeeds(self) -> bool:
        """Whether something may be written."""
        return self.place == OWN and self.expected < 300

    def __str__(self) -> str:
        return f"{self.row.name}: {self.role}, {self.token}, {self.place}"


def cells(row: Row, world: World) -> Iterator[Cell]:
    """Every cell of a row."""
    tokens = [GOOD, *world.mints.invalid(), *OFF, REVOKED]
    for place, named in PLACES[row.kind](world.ours, world.theirs).items():
        for role in ROLES:
            narrow = [NARROW] if row.scope in ROLES[role] else []
            for token in (*tokens, *narrow):
                yield Cell(row, role, token, place, named)


class Asker:
    """Makes the calls, with each token minted once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._invalid = world.mints.invalid()
        self._tokens: dict[tuple[str, str, str], str | None] = {}

    async def ask(self, cell: Cell, method: str | None = None) -> Response:
        """The service's answer to the call of a cell, with another method if one is given."""
        row = cell.row
        own_method, path = OPERATIONS[row.operation]
        body = BODIES.get(row.name, BODIES.get(row.operation))
        query = QUERIES.get(row.name)
        answer = await self._world.http.request(
            method or own_method,
            path.format_map(cell.named),
            params=query(cell.named) if query else None,
            json=body(cell.named) if body else None,
            headers=bearer(self._token(cell)),
        )
        if method is None:
            assert not list(undeclared(row.operation, answer)), str(cell)
        return answer

    async def revoke(self) -> None:
        """End those tokens that are to be revoked, before anybody looks who writes what."""
        for role in ROLES:
            token = self._world.mints.good(caller(US, role))
            client = (f"{US}.{role}-system", SECRET)
            form = {"token": token}
            answer = await self._world.http.post("/oauth/revoke", data=form, auth=client)
            assert answer.status_code == 200, answer.text
            self._tokens[REVOKED, role, ""] = token

    def _token(self, cell: Cell) -> str | None:
        key = cell.token, cell.role, cell.row.scope if cell.token == NARROW else ""
        if key not in self._tokens:
            self._tokens[key] = self._mint(cell)
        return self._tokens[key]

    def _mint(self, cell: Cell) -> str | None:
        who = caller(US, cell.role)
        if cell.token in self._invalid:
            return self._invalid[cell.token](who)
        if cell.token in OFF:
            who = OFF[cell.token](cell.role)
        elif cell.token == NARROW:
            who = without(who, cell.row.scope)
        return self._world.mints.good(who)


@pytest.fixture(scope="session")
async def asker(world: World) -> Asker:
    """One for all rows."""
    asker = Asker(world)
    await asker.revoke()
    return asker


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
async def test_whoever_calls_is_answered_as_agreed_and_changes_nothing_that_is_not_theirs(
    row: Row, world: World, asker: Asker, record_property: RecordProperty
) -> None:
    every = list(cells(row, world))
    refused = [cell for cell in every if not cell.succeeds]
    before = await fingerprint(world.tables)
    answers = {cell: await asker.ask(cell) for cell in refused}
    wrong = [f"{c} -> {a.status_code}, not {c.expected}" for c, a in answers.items()
             if a.status_code != c.expected]  # fmt: skip
    assert not wrong, f"{len(wrong)} of {len(refused)}, first {wrong[:5]}"
    after = await fingerprint(world.tables)
    if after != before:
        tables = [line.split()[0] for line in after if line not in before]
        raise AssertionError(tables, [str(cell) async for cell in writing(refused, world, asker)])
    assert not list(differences(answers))
    for cell in every:
        if cell.succeeds:
            answer = await asker.ask(await prepare(cell, world))
            assert answer.status_code == cell.expected, (str(cell), answer.text)
    record_property(CELLS, len(every))


async def writing(cells: list[Cell], world: World, asker: Asker) -> Any:
    """Those of the calls that leave something behind, made once more one by one."""
    for cell in cells:
        before = await fingerprint(world.tables)
        await asker.ask(cell)
        if await fingerprint(world.tables) != before:
            yield cell


def differences(answers: Mapping[Cell, Response]) -> Iterator[str]:
    """The places from which a role learns whether another's object is there."""
    seen: dict[str, tuple[str, Any]] = {}
    for cell, answer in answers.items():
        if cell.token == GOOD and cell.place != OWN and cell.row.allows(cell.role):
            place, first = seen.setdefault(cell.role, (cell.place, comparable(answer)))
            if comparable(answer) != first:
                yield f"{cell}: not what {place} is answered: {answer.text}"


def comparable(answer: Response) -> Any:
    """An answer without what repeats the path and counts the calls."""
    headers = {n: v for n, v in answer.headers.items() if n not in {"x-request-id"}}
    if answer.headers["content-type"] != "application/problem+json":
        return answer.status_code, headers, answer.content
    problem = json.loads(answer.content)
    problem.pop("instance")
    return answer.status_code, headers, list(problem.items())


async def prepare(cell: Cell, world: World) -> Cell:
    """The same cell, with something of one's own that may be spent, and no limit used up."""
    await world.tables.execute(
        "DELETE FROM webhook_call; UPDATE webhook SET replay_until = NULL"
        " WHERE replay_until IS NOT NULL"
    )
    if cell.row.kind != "spare_webhook":
        return cell
    body = BODIES["add_webhook"](cell.named)
    added = await world.speaker.post(US, "/v1/webhooks", body)
    return replace(cell, named={"webhook_id": added.json()["id"]})


async def test_head_writes_nothing_and_neither_does_get_where_head_is_answered(
    world: World, asker: Asker
) -> None:
    gets = {
        cell.row.name: cell
        for row in ROWS
        for cell in cells(row, world)
        if OPERATIONS[row.operation][0] == "GET"
        and cell.token == GOOD
        and cell.place == OWN
        and cell.expected == 200
    }
    before = await fingerprint(world.tables)
    heads = {name: await asker.ask(cell, "HEAD") for name, cell in gets.items()}
    assert await fingerprint(world.tables) == before
    assert {name for name, answer in heads.items() if answer.status_code != 200} == {
        "read_message", "print_message", "read_bundle", "print_disclosures",
    }  # fmt: skip
    for name, answer in heads.items():
        assert not answer.content
        assert answer.status_code in {200, 405}, name
        assert answer.status_code == 200 or answer.headers["Allow"] == "GET"
    answered = [gets[name] for name, answer in heads.items() if answer.status_code == 200]
    for cell in answered:
        assert (await asker.ask(cell)).status_code == 200
    if await fingerprint(world.tables) != before:
        written = [str(cell) async for cell in writing(answered, world, asker)]
        raise AssertionError(written, "say records=True of these routes")


def test_every_operation_of_the_contract_has_its_row() -> None:
    known = {row.operation for row in ROWS} | ELSEWHERE.keys()
    missing, gone = OPERATIONS.keys() - known, known - OPERATIONS.keys()
    assert not missing, (
        f"Nothing is agreed on {sorted(missing)}: add a row to AGREED in"
        " tests/whole/matrix/agreed.py (scope, what is named, the answer on one's own, the"
        " answer on another's), its body to"
        " BODIES and, for a new kind of object, its places to PLACES in"
        " tests/whole/matrix/places.py."
    )
    assert not gone, f"{sorted(gone)} are no longer in the contract: take their rows away."


def test_what_names_an_object_is_asked_about_anothers_too() -> None:
    for row in ROWS:
        _, path = OPERATIONS[row.operation]
        assert ("{" in path) <= (row.kind != "-"), f"{row.name} names something: say what"
        assert (row.kind == "-") == (not row.other), row.name
