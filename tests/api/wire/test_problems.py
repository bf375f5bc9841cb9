"""Problems: complete, in two languages, and silent about what was sent."""

import html
import inspect
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from httpx import ASGITransport, AsyncClient

from app.adapters.outage import outage_of
from app.api.wire.gate import Gate
from app.api.wire.language import preferred_language
from app.api.wire.problems import answers
from app.api.wire.problems.kinds import KINDS, example
from app.api.wire.problems.schema import members_of
from app.api.wire.rates import Quota
from app.domain.errors import Refusal


def refusals(above: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for kind in above.__subclasses__():
        yield kind
        yield from refusals(kind)


def test_every_refusal_has_a_status_and_words_in_both_languages() -> None:
    assert {kind.code for kind in refusals()} == set(KINDS)
    for kind in KINDS.values():
        assert 400 <= kind.status < 600
        for text in (kind.title, kind.detail, kind.hint):
            assert text.ja
            assert text.en.isascii()
            assert not text.ja.isascii()


@pytest.mark.parametrize("code", KINDS)
async def test_every_problem_has_a_page(stranger: AsyncClient, code: str) -> None:
    page = await stranger.get(f"/problems/{code}")
    assert page.status_code == 200
    assert KINDS[code].hint.ja in page.text
    assert "script" not in page.text
    assert (await stranger.get("/problems")).text.count("<li>") == len(KINDS)


def members(kind: type[Refusal]) -> set[str]:
    """The members of a refusal, made with values that mean nothing."""
    values: dict[Any, Any] = {str: "x", int: 7, Quota: Quota(b"client", 1, 1, 1)}
    wanted = inspect.signature(kind.__init__, eval_str=True).parameters.values()
    given = [
        values.get(each.annotation, []) if each.default is each.empty else each.default
        for each in wanted
        if each.name != "self" and each.kind not in {each.VAR_POSITIONAL, each.VAR_KEYWORD}
    ]
    return set(kind(*given).facts)


@pytest.mark.parametrize("kind", list(dict.fromkeys(refusals())))
async def test_the_page_of_a_problem_says_what_its_members_are(
    stranger: AsyncClient, kind: type[Refusal]
) -> None:
    described = members_of(KINDS[kind.code])
    assert members(kind) == set(described)
    page = html.unescape((await stranger.get(f"/problems/{kind.code}")).text)
    for name, words in described.items():
        assert page.count(f"<dt><code>{name}</code></dt>") == 2
        assert f"<dd>{words.ja}</dd>" in page
        assert f"<dd>{words.en}</dd>" in page
        assert words.en.isascii()
        assert not words.ja.isascii()


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "ja"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("ja,en;q=0.9", "ja"),
        ("en;q=0.5,ja;q=0.8", "ja"),
        ("en,ja", "en"),
        ("ja,en", "ja"),
        ("fr", "ja"),
        ("fr,en;q=0.3", "en"),
        ("*", "ja"),
        ("en;q=0", "ja"),
        ("*;q=0.5, en;q=0.4", "ja"),
        ("EN-us", "en"),
        ("en;q=banana", "ja"),
        (",,;;q=", "ja"),
        ("x" * 10_000, "ja"),
    ],
)
def test_english_is_for_those_who_ask_for_it_first(accepted: str, language: str) -> None:
    assert preferred_language(accepted) == language


async def test_a_problem_is_whole_in_both_languages(stranger: AsyncClient) -> None:
    japanese = await stranger.get("/v1/me")
    english = await stranger.get("/v1/me", headers={"Accept-Language": "en"})
    assert japanese.status_code == english.status_code == 401
    assert japanese.headers["Content-Type"] == "application/problem+json"
    assert japanese.headers["Content-Language"] == "ja"
    assert english.headers["Content-Language"] == "en"
    assert english.headers["Vary"] == "Accept-Language"
    assert japanese.json() == {**example("not_authenticated", "ja"), "instance": "/v1/me"}
    assert english.json() == {**example("not_authenticated", "en"), "instance": "/v1/me"}
    assert english.json()["title"] == "Not authenticated"


async def test_a_401_and_a_403_say_what_to_do_in_their_header(
    stranger: AsyncClient, speak: Any
) -> None:
    none = await stranger.get("/v1/inbox")
    assert none.headers["WWW-Authenticate"] == 'Bearer realm="tsunagu", DPoP algs="ES256"'
    bad = await stranger.get("/v1/inbox", headers={"Authorization": "Bearer x.y.z"})
    assert bad.headers["WWW-Authenticate"] == (
        'Bearer realm="tsunagu", error="invalid_token", DPoP algs="ES256"'
    )
    auditor = await speak("prefecture-13", "auditor")
    missing = await auditor.get("/v1/inbox")
    assert missing.status_code == 403
    assert 'error="insufficient_scope", scope="inbox:read"' in missing.headers["WWW-Authenticate"]


async def test_wrong_places_and_methods_are_problems_too(stranger: AsyncClient) -> None:
    nowhere = await stranger.get("/v1/山田太郎/yamada taro")
    assert (nowhere.status_code, nowhere.json()["instance"]) == (404, "/v1/-/-")
    wrong = await stranger.delete("/v1/inbox")
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET, HEAD")
    assert wrong.json()["type"] == "/problems/method_not_allowed"
    several = await stranger.put("/v1/webhooks/1")
    assert (several.status_code, several.headers["Allow"]) == (405, "DELETE, GET, HEAD, PATCH")


async def test_every_answer_is_kept_safe(stranger: AsyncClient) -> None:
    for path in ("/v1/me", "/healthz", "/nowhere", "/problems", "/docs", "/v1/flows"):
        headers = (await stranger.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert len(headers["X-Request-Id"]) == 16
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "http" not in policy
    assert (await stranger.get("/v1/me")).headers["Cache-Control"] == "no-store"


@pytest.fixture
async def failing() -> Any:
    """An application that fails, behind the gate."""
    app = FastAPI()

    @app.get("/fails")
    async def fails(request: Request) -> None:
        raise (ConnectionError if "away" in request.query_params else KeyError)("山田太郎")

    answers.install(app)
    app.add_middleware(Gate, observe=lambda *_: None, outage_of=outage_of)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        yield client


async def test_what_goes_wrong_inside_is_logged_without_a_value(
    failing: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = await failing.get("/fails")
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal")
    assert "KeyError" in caplog.text
    assert "test_problems.py" in caplog.text
    assert answer.headers["X-Request-Id"] in caplog.text
    assert "山田" not in caplog.text + answer.text


async def test_an_outage_is_said_to_pass(failing: AsyncClient) -> None:
    answer = await failing.get("/fails?away")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.json()["type"] == "/problems/unavailable"
