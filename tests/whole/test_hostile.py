"""Whatever is sent to whichever route: never a 5xx, and nothing of it comes back or is logged."""

import json
import logging
from collections.abc import Callable
from copy import deepcopy
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.api.wire.json_body import SMALL
from app.api.wire.message_examples import request_example
from tests.support.contract import CONTRACT

MARK = "ひみつ"
ROUTES = [
    (method, path, operation)
    for path, methods in CONTRACT["paths"].items()
    for method, operation in methods.items()
]
NAMES = [operation["operationId"] for _, _, operation in ROUTES]

hostile_settings = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

marked_text = st.text(max_size=20).map(lambda text: MARK + text)
leaf = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | marked_text
    | st.sampled_from(["\x00" + MARK, MARK + "\ud800", MARK * 2000, "", " ", "9" * 400])
)
anything = st.recursive(
    leaf,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(marked_text | st.just("type"), inner, max_size=4)
    ),
    max_leaves=8,
)
VALID = [
    request_example("special_adjustment.notify_candidate"),
    request_example("special_adjustment.request_cooperation"),
    request_example("suspect_support.consult"),
    request_example("defence_support.inquire"),
    request_example("regional_coordination.request"),
    {"ids": [str(uuid4())]},
    {"positions": [1]},
    {"through": 1},
]


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place within a JSON value."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [at, *(place for key, part in inner for place in places(part, (*at, key)))]


@st.composite
def almost(draw: st.DrawFn) -> Any:
    """A valid body, with something else at one place or one name too many."""
    body = deepcopy(draw(st.sampled_from(VALID)))
    body |= {"id": str(uuid4())} if "body" in body else {}
    *above, last = draw(st.sampled_from([p for p in places(body) if p]))
    target = body
    for key in above:
        target = target[key]
    if isinstance(target, dict) and draw(st.booleans()):
        target[draw(marked_text)] = draw(anything)
    else:
        target[last] = draw(anything)
    return body


json_bytes = (almost() | anything).map(
    lambda value: json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")
) | almost().map(lambda value: json.dumps(value).encode())
bodies = json_bytes | st.binary(max_size=100).map(lambda raw: MARK.encode() + raw)
header = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


sendable = marked_text.map(lambda text: text.encode(errors="ignore").decode())
values = {
    "path": sendable | st.just(str(uuid4())) | st.just(".."),
    "query": st.none() | sendable | st.integers().map(str) | st.floats().map(str),
    "header": st.none() | header,
}
media_types = ["application/json"] * 9 + ["application/problem+json", "text/plain"]


@st.composite
def hostile(draw: st.DrawFn, method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """A call of an operation, with something unexpected wherever something can be said."""
    arguments = {
        (p["in"], p["name"]): draw(values[p["in"]])
        for p in operation.get("parameters", [])
        if p["name"] != "wait"  # a valid one would only take its time
    }
    for (place, name), value in arguments.items():
        if place == "path":
            path = path.replace("{" + name + "}", quote(str(value), safe=""))
    headers = {n: v for (place, n), v in arguments.items() if place == "header" and v is not None}
    headers["Accept-Language"] = draw(header)
    call = {"method": method.upper(), "url": path, "headers": headers}
    call["params"] = {
        n: v for (place, n), v in arguments.items() if place == "query" and v is not None
    }
    if method == "post":
        call["content"] = draw(bodies)
        headers["Content-Type"] = draw(st.sampled_from(media_types))
    return call


@pytest.mark.parametrize(("method", "path", "operation"), ROUTES, ids=NAMES)
@hostile_settings
@given(data=st.data())
async def test_hostile_input_is_refused_in_silence(
    method: str,
    path: str,
    operation: dict[str, Any],
    data: st.DataObject,
    speak: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = await speak("prison-fuchu")
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        answer = await client.request(**data.draw(hostile(method, path, operation)))
    assert answer.status_code < 500, answer.text
    assert MARK not in answer.text
    assert MARK not in json.dumps(dict(answer.headers), ensure_ascii=False)
    assert MARK not in "".join(r.getMessage() for r in caplog.records if r.name != "httpx")


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/v1/referrals", 256 * 1024),
        ("/v1/messages/read", SMALL),
        ("/v1/inbox/acknowledgements", SMALL),
    ],
)
async def test_no_more_is_read_than_the_limit(speak: Any, path: str, limit: int) -> None:
    client = await speak("prison-fuchu")

    async def endless() -> Any:
        for _ in range(100):
            yield b'{"a":' + b" " * 4096

    headers = {"Content-Type": "application/json"}
    for content in (b"{" + b" " * limit, endless()):
        answer = await client.post(path, content=content, headers=headers)
        assert (answer.status_code, answer.json()["limit_bytes"]) == (413, limit)
    lie = await client.post(path, content=b"{}", headers={**headers, "Content-Length": "9" * 30})
    assert lie.status_code == 413


async def test_only_json_is_read(speak: Any, opening: Callable[..., Any]) -> None:
    client, content = await speak("prison-fuchu"), json.dumps(opening()).encode()
    for media_type, status in {
        "text/plain": 415,
        "": 415,
        "application/x-www-form-urlencoded": 415,
        "application/json; charset=shift_jis": 415,
        "application/json; charset=utf-8; charset=utf-16": 415,
        'application/json;version=1; CHARSET="UTF-8"': 201,
    }.items():
        answer = await client.post(
            "/v1/referrals", content=content, headers={"Content-Type": media_type}
        )
        assert answer.status_code == status
