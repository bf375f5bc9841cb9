"""Pages that do not change: made once, compressed, not sent again; and found behind any prefix."""

import asyncio
import gzip
import re
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urljoin

import pytest
from httpx import ASGITransport, AsyncClient

from app.api.contract import contract
from app.api.wire import rates
from app.main import create_app
from tests.support.service import Service, Speak

PAGES = (
    "/openapi.json",
    "/openapi.json?lang=en",
    "/docs",
    "/redoc",
    "/problems",
    "/problems/invalid",
    "/v1/flows",
    "/v1/flows/special_adjustment",
    "/v1/flows/special_adjustment/diagram",
    "/v1/flows/special_adjustment/messages/accept",
    "/v1/flows/special_adjustment/schemas/accept",
    "/favicon.ico",
)
REACHED = (*PAGES, "/healthz", "/readyz", "/.well-known/jwks.json", "/assets/page.css")


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_not_sent_again_to_whoever_has_it(stranger: AsyncClient, path: str) -> None:
    for encoding in ("identity", "gzip"):
        asked = {"Accept-Encoding": encoding}
        first = await stranger.get(path, headers=asked)
        assert first.status_code == 200
        tag = first.headers["ETag"]
        assert tag.startswith('"')
        assert "Accept-Encoding" in first.headers["Vary"]
        assert "public" in first.headers["Cache-Control"]
        again = await stranger.get(path, headers={**asked, "If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
        other = await stranger.get(path, headers={**asked, "If-None-Match": '"other"'})
        assert other.status_code == 200


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_that_differs_by_language_has_a_tag_for_each(
    stranger: AsyncClient, path: str
) -> None:
    answers = [
        await stranger.get(path, headers={"Accept-Language": language}) for language in ("ja", "en")
    ]
    differ = answers[0].content != answers[1].content
    assert (answers[0].headers["ETag"] != answers[1].headers["ETag"]) == differ
    assert not differ or all("Accept-Language" in answer.headers["Vary"] for answer in answers)


async def test_the_contract_is_a_fifth_of_its_size_to_whoever_takes_gzip(
    stranger: AsyncClient,
) -> None:
    plain = await stranger.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    for accepted in ("gzip", "br, gzip;q=0.5", "*"):
        async with stranger.stream(
            "GET", "/openapi.json", headers={"Accept-Encoding": accepted}
        ) as answer:
            sent = b"".join([part async for part in answer.aiter_raw()])
        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(sent) == plain.content
        assert len(sent) < len(plain.content) / 5
        assert answer.headers["ETag"] != plain.headers["ETag"]
    refused = await stranger.get("/openapi.json", headers={"Accept-Encoding": "gzip;q=0, br"})
    assert "Content-Encoding" not in refused.headers


async def test_many_who_ask_at_once_have_it_made_once_and_hold_nobody_up(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    real = contract.assembled

    def count_and_assemble(*arguments: Any) -> Any:
        made.append(1)
        return real(*arguments)

    monkeypatch.setattr(contract, "assembled", count_and_assemble)
    app = create_app(service.settings, service.clock)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="https://tsunagu.test") as client,
    ):
        asking = asyncio.gather(*(client.get("/openapi.json") for _ in range(16)))
        answered = 0
        while not asking.done():
            assert (await client.get("/healthz")).status_code == 200
            await asyncio.sleep(0.01)
            answered += 1
        assert {answer.status_code for answer in await asking} == {200}
    assert len(made) == 1
    assert answered > 3


async def test_waiting_for_a_page_that_is_made_costs_a_stranger_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = contract.assembled

    def assemble_slowly(*arguments: Any) -> Any:
        time.sleep(0.5)
        return real(*arguments)

    monkeypatch.setattr(contract, "assembled", assemble_slowly)
    monkeypatch.setattr(rates, "MILLISECONDS_OF_A_STRANGER", 3_000)
    app = create_app(
        service.settings.model_copy(update={"stranger_rate_limit": 100}), service.clock
    )
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="https://tsunagu.test") as client,
    ):
        first = await asyncio.gather(*(client.get("/openapi.json") for _ in range(8)))
        assert {answer.status_code for answer in first} == {200}
        assert (await client.get("/.well-known/jwks.json")).status_code == 200


@pytest.mark.parametrize("path", REACHED)
async def test_head_is_answered_as_get_is_but_for_the_content(
    stranger: AsyncClient, path: str
) -> None:
    get, head = await stranger.get(path), await stranger.head(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    for name in ("Content-Type", "Content-Length", "ETag"):
        assert head.headers.get(name) == get.headers.get(name)


async def test_head_is_answered_where_a_token_is_wanted_and_not_where_there_is_no_get(
    speak: Speak, stranger: AsyncClient
) -> None:
    office = await speak("probation-13")
    for path in ("/v1/me", "/v1/inbox", "/v1/referrals"):
        head = await office.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert int(head.headers["Content-Length"]) > 0
    assert (await stranger.head("/v1/me")).status_code == 401
    wrong = await stranger.head("/oauth/token")
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "POST")
    assert (await stranger.delete("/healthz")).headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/v1/referrals", "/v1/messages/read", "/oauth/token", "/nothing"])
@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, identity"])
async def test_a_compressed_body_is_refused_as_such(speak: Speak, path: str, encoding: str) -> None:
    office = await speak("probation-13")
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    answer = await office.post(path, content=gzip.compress(b"{}"), headers=headers)
    assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "identity")
    assert answer.json()["type"] == "/problems/unsupported_encoding"
    plain = {**headers, "Content-Encoding": "identity"}
    assert (await office.post(path, content=b"{}", headers=plain)).status_code != 415 or (
        path == "/oauth/token"
    )


@pytest.fixture
async def prefixed(service: Service) -> AsyncIterator[AsyncClient]:
    """The service as it is seen through a proxy that takes a prefix away."""
    settings = service.settings.model_copy(update={"issuer": "https://tsunagu.test/carried/here"})
    app = create_app(settings, service.clock)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="https://tsunagu.test") as client,
    ):
        yield client


@pytest.mark.parametrize("path", [page for page in PAGES if "json" not in page])
async def test_links_of_pages_lead_somewhere_behind_a_prefix(
    prefixed: AsyncClient, path: str
) -> None:
    answer = await prefixed.get(path)
    if not answer.headers["Content-Type"].startswith("text/html"):
        return
    seen = f"https://tsunagu.test/carried/here{path}"
    links = re.findall(r'(?:href|src|spec-url|data-contract)="([^"#?][^"]*)"', answer.text)
    assert links
    for link in links:
        target = urljoin(seen, link)
        assert target.startswith("https://tsunagu.test/carried/here/"), link
        found = await prefixed.get(target.removeprefix("https://tsunagu.test/carried/here"))
        assert found.status_code == 200, link


async def test_location_and_servers_name_the_prefix(
    prefixed: AsyncClient, service: Service, opening: Callable[..., dict[str, Any]]
) -> None:
    served = (await prefixed.get("/openapi.json")).json()
    assert served["servers"][0]["url"] == "https://tsunagu.test/carried/here"
    await service.token("prison-fuchu")
    secret = service.secrets["prison-fuchu.decider-system"]
    form = {"grant_type": "client_credentials", "seat": "prison-fuchu.decider"}
    answer = await prefixed.post(
        "/oauth/token", auth=("prison-fuchu.decider-system", secret), data=form
    )
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    sent = await prefixed.post("/v1/referrals", json=opening(), headers=bearer)
    assert sent.status_code == 201
    location = sent.headers["Location"]
    assert location.startswith("/carried/here/v1/referrals/")
    found = await prefixed.get(location.removeprefix("/carried/here"), headers=bearer)
    assert found.status_code == 200
