"""The token endpoint: every client × secret × seat × scope. What is refused writes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from httpx import Response

from tests.conftest import CELLS
from tests.whole.matrix.agreed import ROLES
from tests.whole.matrix.conftest import CLOSED, OTHERS, SECRET, US, RecordProperty, World
from tests.whole.matrix.speaker import bearer
from tests.whole.matrix.state import fingerprint
from tests.whole.matrix.tokens import caller

EVERY_SCOPE = frozenset().union(*ROLES.values())
SECRETS = {"right": SECRET, "wrong": SECRET[:-1], "empty": "", "in the form": SECRET, "none": None}
SEATS = ("default", "own", "of a colleague", "of another agency", "disabled", "not there")
SCOPES = ("all", "own", "of another role", "invented")


@dataclass(frozen=True)
class Cell:
    """One request for a token."""

    role: str
    client: str
    secret: str
    seat: str
    scope: str

    @property
    def expected(self) -> tuple[int, str]:
        """The agreed status and error (RFC 6749 §5.2)."""
        if self.secret != "right" or not self.client.endswith(f"{US}.{self.role}-system"):
            return 401, "invalid_client"
        if self.seat not in {"default", "own"}:
            return 400, "invalid_request"
        if self.scope in {"of another role", "invented"}:
            return 400, "invalid_scope"
        return 200, ""


def cells() -> Iterator[Cell]:
    """Every request."""
    for role in ROLES:
        clients = (
            f"{US}.{role}-system",
            f"{US}.{role}-off-client-system",
            f"{CLOSED}.{role}-system",
            f"{US}.nobody-system",
        )
        for parts in product(clients, SECRETS, SEATS, SCOPES):
            yield Cell(role, *parts)


async def ask(cell: Cell, world: World) -> Response:
    """What the endpoint answers."""
    form = {"grant_type": "client_credentials"}
    seats = {
        "own": f"{US}.{cell.role}",
        "of a colleague": f"{US}.{'viewer' if cell.role == 'decider' else 'decider'}",
        "of another agency": f"{OTHERS}.decider",
        "disabled": f"{US}.{cell.role}-off-seat",
        "not there": f"{US}.nobody",
    }
    scopes = {
        "own": sorted(ROLES[cell.role])[0],
        "of another role": sorted(EVERY_SCOPE - ROLES[cell.role])[0],
        "invented": "everything:do",
    }
    form |= {"seat": seats[cell.seat]} if cell.seat in seats else {}
    form |= {"scope": scopes[cell.scope]} if cell.scope in scopes else {}
    return await post("/oauth/token", cell, world, form)


async def post(path: str, cell: Cell, world: World, form: dict[str, str]) -> Response:
    """What is answered to a form from the client of a cell, which proves itself by its secret."""
    secret = SECRETS[cell.secret]
    if cell.secret == "in the form":
        form = {**form, "client_id": cell.client, "client_secret": SECRET}
    if secret is None or cell.secret == "in the form":
        return await world.http.post(path, data=form)
    return await world.http.post(path, data=form, auth=(cell.client, secret))


async def test_the_token_endpoint_gives_nobody_more_than_is_theirs(
    world: World, record_property: RecordProperty
) -> None:
    every = list(cells())
    before = await fingerprint(world.tables)
    for cell in (c for c in every if c.expected[0] != 200):
        answer = await ask(cell, world)
        assert (answer.status_code, answer.json()["error"]) == cell.expected, cell
    assert await fingerprint(world.tables) == before
    for cell in (c for c in every if c.expected[0] == 200):
        answer = await ask(cell, world)
        granted = frozenset(answer.json()["scope"].split())
        assert answer.status_code == 200, cell
        assert answer.json()["seat"] == f"{US}.{cell.role}"
        assert granted == ROLES[cell.role] if cell.scope == "all" else len(granted) == 1
    record_property(CELLS, len(every))


async def test_the_revocation_endpoint_ends_nothing_but_ones_own(
    world: World, record_property: RecordProperty
) -> None:
    clients = [f"{US}.{role}-system" for role in ROLES]
    clients += [f"{US}.viewer-off-client-system", f"{CLOSED}.viewer-system", f"{US}.nobody-system"]
    tokens = {f"{US}.{role}-system": world.mints.good(caller(US, role)) for role in ROLES}
    every = [
        (client, secret, owner)
        for client, secret, owner in product(clients, (SECRET, "wrong"), (*tokens, "nobody"))
        if not (client == owner and secret == SECRET)
    ]
    before = await fingerprint(world.tables)
    for client, secret, owner in every:
        form = {"token": tokens.get(owner, "x.y.z")}
        answer = await world.http.post("/oauth/revoke", data=form, auth=(client, secret))
        proven = secret == SECRET and client in tokens
        assert answer.status_code == (200 if proven else 401), (client, secret, owner)
    assert await fingerprint(world.tables) == before
    for role in ROLES:
        client, token = f"{US}.{role}-system", world.mints.good(caller(US, role))
        assert (await world.http.get("/v1/me", headers=bearer(token))).status_code == 200
        await world.http.post("/oauth/revoke", data={"token": token}, auth=(client, SECRET))
        assert (await world.http.get("/v1/me", headers=bearer(token))).status_code == 401
    record_property(CELLS, len(every) + len(ROLES))
