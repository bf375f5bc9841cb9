"""The token endpoint over HTTP, with clients that stand in the database."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from app.adapters.access.clients import StoredClients
from app.adapters.access.stopped_tokens import StoppedTokens
from app.adapters.administration.by_owner import Administration
from app.adapters.keys.folder import KeyFolder
from app.api.access import me, oauth
from app.api.wire import dependencies
from app.api.wire.caller import require_scope
from app.api.wire.dependencies import Issuer, ServiceClock, ServiceDirectory
from app.api.wire.rates import Rate, Rates
from app.api.wire.refused_work import RefusedWork
from app.auth.clients import ASSERTION_TYPE
from app.auth.dpop import Proofs
from app.auth.jwt import SigningKey, signing_key
from app.auth.revocation import TokenRevocation
from app.auth.scopes import CLASSES, Scope
from app.auth.secrets import hash_secret, new_secret
from app.auth.signing_keys import SigningKeys
from app.auth.token_endpoint import TokenEndpoint
from app.auth.tokens import TokenIssuer, TokenReader, TokenTerms
from app.domain.access.caller import Caller
from app.domain.administration.seats import Client, Seat
from app.domain.directory.agencies import Agency, Directory
from app.domain.errors import NotAuthenticated, ScopeMissing

ISSUER = "https://tsunagu.example"
NOW = datetime(2026, 11, 20, 1, 15, tzinfo=UTC)


@dataclass
class OwnClient:
    """A client of an agency of its own, with a decider's and a viewer's seat."""

    agency: str
    id: str
    secret: str
    key: SigningKey

    @property
    def basic(self) -> tuple[str, str]:
        return self.id, self.secret

    def assertion(self, **changed: Any) -> dict[str, str]:
        claims = {
            "iss": self.id,
            "sub": self.id,
            "aud": f"{ISSUER}/oauth/token",
            "exp": int((NOW + timedelta(minutes=4)).timestamp()),
            "jti": str(uuid4()),
            **changed,
        }
        signed = self.key.sign(json.dumps(claims).encode(), "JWT")
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}


@pytest.fixture
async def administration(owner: asyncpg.Pool) -> AsyncIterator[Administration]:
    async with owner.acquire() as connection:
        yield Administration(connection)


@pytest.fixture
async def own_client(administration: Administration) -> OwnClient:
    agency = f"agency-{uuid4().hex[:12]}"
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    own_client = OwnClient(agency, f"{agency}.system", new_secret(), signing_key(pem))
    kind = "settlement_center"
    await administration.add_agency(Agency(id=agency, kind=kind, name="試験用", prefecture="13"))
    for role in ("viewer", "decider"):
        seat = Seat(f"{agency}.{role}", agency, role, role, CLASSES[role])
        await administration.add_seat(seat, NOW)
    client = Client(
        id=own_client.id,
        agency_id=agency,
        name="試験用",
        seats=(f"{agency}.viewer", f"{agency}.decider"),
        secret_hash=hash_secret(own_client.secret),
        public_jwk=own_client.key.verifying.jwk(),
    )
    await administration.add_client(client, NOW)
    return own_client


async def read_inbox(caller: Annotated[Caller, require_scope(Scope.INBOX_READ)]) -> str:
    return caller.client_id


async def decide(caller: Annotated[Caller, require_scope(Scope.REFERRAL_DECIDE)]) -> str:
    return caller.client_id


@pytest.fixture
def off(api: asyncpg.Pool) -> StoppedTokens:
    return StoppedTokens(api, lambda: NOW)


@pytest.fixture
async def http(
    api: asyncpg.Pool, own_client: OwnClient, off: StoppedTokens, tmp_path: Path
) -> AsyncIterator[AsyncClient]:
    folder = KeyFolder(tmp_path / "keys")
    folder.prepare(NOW)
    keys = SigningKeys(folder)
    terms = TokenTerms(ISSUER, ISSUER)
    clients = StoredClients(api)
    audiences = frozenset({ISSUER, f"{ISSUER}/oauth/token"})
    tokens = TokenReader(keys, terms, off.is_active)
    token_endpoint = TokenEndpoint(
        clients, clients, TokenIssuer(keys, terms), audiences, lambda: NOW
    )
    agency = Agency(own_client.agency, "settlement_center", "試験用", "13")
    app = FastAPI()
    objects = (
        Issuer(ISSUER),
        ServiceClock(lambda: NOW),
        ServiceDirectory(lambda: Directory.of([agency])),
        Rates(Rate()),
        RefusedWork(counts=False),
        keys,
        tokens,
        token_endpoint,
        TokenRevocation(token_endpoint, tokens, off, lambda: NOW),
        Proofs(clients, ISSUER, lambda: NOW),
        clients,
    )
    dependencies.install(app, objects)
    app.include_router(oauth.router)
    app.include_router(me.router)
    app.get("/inbox")(read_inbox)
    app.get("/decide")(decide)
    async with AsyncClient(transport=ASGITransport(app), base_url=ISSUER) as client:
        yield client


async def ask(http: AsyncClient, auth: tuple[str, str] | None, **form: str) -> Response:
    form = {"grant_type": "client_credentials", **form}
    if auth is None:
        return await http.post("/oauth/token", data=form)
    return await http.post("/oauth/token", data=form, auth=auth)


def is_refusal(response: Response, status: int, error: str) -> bool:
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert set(response.json()) == {"error", "error_description"}
    assert response.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in response.headers) == (status == 401)
    return True


async def test_a_secret_gets_a_token_of_the_first_seat(
    http: AsyncClient, own_client: OwnClient
) -> None:
    response = await ask(http, own_client.basic)

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    answer = response.json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 600)
    assert answer["scope"] == "directory:read inbox:read referral:read"
    assert answer["seat"] == f"{own_client.agency}.viewer"


async def test_me_says_what_the_token_is(http: AsyncClient, own_client: OwnClient) -> None:
    token = (await ask(http, own_client.basic, seat=f"{own_client.agency}.decider")).json()
    for scheme in ("Bearer", "bEaReR"):
        headers = {"Authorization": f"{scheme} {token['access_token']}"}
        me = (await http.get("/v1/me", headers=headers)).json()

        assert me["client_id"] == own_client.id
        assert me["agency"]["kind"] == "settlement_center"
        assert me["seat"]["role"] == "decider"
        assert me["expires_at"] == "2026-11-20T10:25:00.000+09:00"
        assert [seat["role"] for seat in me["seats"]] == ["viewer", "decider"]


async def test_me_names_no_seat_that_is_disabled(
    http: AsyncClient, own_client: OwnClient, administration: Administration
) -> None:
    token = (await ask(http, own_client.basic)).json()["access_token"]
    await administration.disable(Seat, f"{own_client.agency}.decider", NOW)

    me = (await http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})).json()

    assert [seat["role"] for seat in me["seats"]] == ["viewer"]


async def test_a_route_asks_for_its_scope(http: AsyncClient, own_client: OwnClient) -> None:
    token = (await ask(http, own_client.basic, scope="inbox:read")).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}

    assert (await http.get("/inbox", headers=bearer)).json() == own_client.id
    with pytest.raises(ScopeMissing) as missing:
        await http.get("/decide", headers=bearer)
    assert missing.value.facts == {"scope": "referral:decide"}
    for refused_header in ("", "Bearer", f"Basic {token}", token, "Bearer x"):
        with pytest.raises(NotAuthenticated):
            await http.get("/inbox", headers={"Authorization": refused_header})


async def test_a_signed_assertion_gets_a_token_once(
    http: AsyncClient, own_client: OwnClient
) -> None:
    assertion = own_client.assertion()

    assert (await ask(http, None, **assertion)).status_code == 200
    assert is_refusal(await ask(http, None, **assertion), 401, "invalid_client")
    assert (await ask(http, None, **own_client.assertion())).status_code == 200


async def test_of_many_uses_at_once_one_counts(http: AsyncClient, own_client: OwnClient) -> None:
    assertion = own_client.assertion(jti="half a pair: \ud800")

    answers = await asyncio.gather(*(ask(http, None, **assertion) for _ in range(12)))

    assert sorted(a.status_code for a in answers) == [200] + [401] * 11


async def test_an_assertion_refused_for_its_scope_can_be_told_from_a_stolen_one(
    http: AsyncClient, own_client: OwnClient
) -> None:
    assert is_refusal(
        await ask(http, None, **own_client.assertion(), scope="x:y"), 400, "invalid_scope"
    )


@pytest.mark.parametrize("what", [Agency, Seat, Client])
async def test_what_is_disabled_gets_no_token(
    http: AsyncClient,
    own_client: OwnClient,
    administration: Administration,
    what: type[Agency | Seat | Client],
) -> None:
    seat = f"{own_client.agency}.decider"
    its_id = {Agency: own_client.agency, Seat: seat, Client: own_client.id}[what]
    await administration.disable(what, its_id, NOW)

    answer = await ask(http, own_client.basic, seat=seat)

    assert is_refusal(
        answer, *((400, "invalid_request") if what is Seat else (401, "invalid_client"))
    )


@pytest.mark.parametrize("what", [Agency, Seat, Client])
async def test_what_is_disabled_has_no_use_of_its_tokens(
    http: AsyncClient,
    own_client: OwnClient,
    administration: Administration,
    off: StoppedTokens,
    what: type[Agency | Seat | Client],
) -> None:
    seat = f"{own_client.agency}.decider"
    its_id = {Agency: own_client.agency, Seat: seat, Client: own_client.id}[what]
    token = (await ask(http, own_client.basic, seat=seat)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    assert await off.refresh()
    assert (await http.get("/v1/me", headers=headers)).status_code == 200
    assert not await off.refresh()

    await administration.disable(what, its_id, NOW)
    await off.refresh()
    with pytest.raises(NotAuthenticated):
        await http.get("/v1/me", headers=headers)

    await administration.disable(what, its_id, None)
    await off.refresh()
    with pytest.raises(NotAuthenticated):
        await http.get("/v1/me", headers=headers)
    token = (await ask(http, own_client.basic, seat=seat)).json()["access_token"]
    again = await http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert again.status_code == 200


async def test_a_stranger_learns_nothing_about_clients(
    http: AsyncClient, own_client: OwnClient
) -> None:
    wrong = await ask(http, (own_client.id, "tsc_wrong"))
    unknown = await ask(http, ("center-99.system", own_client.secret))
    nonsense = await ask(http, ("\0'; DROP TABLE client", own_client.secret))

    assert is_refusal(wrong, 401, "invalid_client")
    assert wrong.json() == unknown.json() == nonsense.json()


async def test_a_scope_or_seat_that_is_not_held_is_refused(
    http: AsyncClient, own_client: OwnClient
) -> None:
    decide = await ask(http, own_client.basic, scope="referral:decide")
    foreign = await ask(http, own_client.basic, seat="center-13.decider")

    assert is_refusal(decide, 400, "invalid_scope")
    assert is_refusal(foreign, 400, "invalid_request")


async def test_an_empty_parameter_counts_as_left_out(
    http: AsyncClient, own_client: OwnClient
) -> None:
    assert (await ask(http, own_client.basic, scope="", seat="")).status_code == 200


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GOOD = b"grant_type=client_credentials"


@pytest.mark.parametrize(
    ("body", "headers", "status", "error"),
    [
        (b"", FORM, 400, "invalid_request"),
        (b"grant_type=password", FORM, 400, "unsupported_grant_type"),
        (GOOD, FORM, 401, "invalid_client"),
        (GOOD + b"&scope=a&scope=a", FORM, 400, "invalid_request"),
        (b"grant_type=%ff", FORM, 400, "invalid_request"),
        (GOOD + b"&seat=%00", FORM, 400, "invalid_request"),
        (GOOD + b"&x%EF%BF%BD=1", FORM, 400, "invalid_request"),
        (GOOD + b"&scope=%EE%80%80", FORM, 400, "invalid_request"),
        (b"\xff=1", FORM, 400, "invalid_request"),
        (GOOD + b"".join(b"&%d=1" % n for n in range(60)), FORM, 400, "invalid_request"),
        (GOOD, {"Content-Type": "application/json"}, 400, "invalid_request"),
        (b"a=" + b"x" * 17_000, FORM, 413, "invalid_request"),
        (b'{"grant_type": "client_credentials"}', {}, 400, "invalid_request"),
        (b"{}", {"Content-Type": "application/json"}, 400, "invalid_request"),
    ],
)
async def test_a_form_that_cannot_be_read_is_refused(
    http: AsyncClient, body: bytes, headers: dict[str, str], status: int, error: str
) -> None:
    response = await http.post("/oauth/token", content=body, headers=headers)

    assert is_refusal(response, status, error)


async def test_an_issued_token_is_logged_and_not_kept(
    http: AsyncClient, own_client: OwnClient, owner: asyncpg.Pool
) -> None:
    token = (await ask(http, own_client.basic)).json()["access_token"]
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))

    rows = await owner.fetch("SELECT log_entry::text AS entry FROM log_entry")
    logged = [row["entry"] for row in rows if claims["jti"] in row["entry"]]
    assert len(logged) == 1
    assert not [row for row in rows if token[-40:] in row["entry"]]


async def test_a_client_finds_its_way_from_the_metadata(http: AsyncClient) -> None:
    metadata = (await http.get("/.well-known/oauth-authorization-server")).json()

    assert metadata["issuer"] == ISSUER
    assert metadata["token_endpoint"] == f"{ISSUER}/oauth/token"
    assert metadata["grant_types_supported"] == ["client_credentials"]
    jwks = (await http.get(metadata["jwks_uri"])).json()
    assert [set(key) for key in jwks["keys"]] == [{"kty", "crv", "x", "y", "alg", "use", "kid"}]
