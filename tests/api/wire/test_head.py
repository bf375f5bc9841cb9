"""The head of a request, before anything is done for it."""

import pytest
from httpx import AsyncClient, Headers

from app.api.wire.requests.head import media_type
from tests.support.service import Speak

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("name", ["Authorization", "Host", "Content-Type"])
@pytest.mark.parametrize("path", ["/v1/me", "/healthz", "/nowhere", "/oauth/token"])
async def test_a_header_of_which_one_counts_stands_once(speak: Speak, name: str, path: str) -> None:
    client = await speak("center-13")
    request = client.build_request("GET", path)
    rest = [(n, v) for n, v in request.headers.items() if n.lower() != name.lower()]
    twice = [(name, "Bearer x"), (name, client.headers["Authorization"])]
    request.headers = Headers([*rest, *twice])
    answer = await client.send(request)
    assert answer.status_code == 400
    if path.startswith("/oauth/"):  # RFC 6749 §5.2
        assert answer.json()["error"] == "invalid_request"
    else:
        assert answer.json()["type"] == "/problems/bad_request"
        assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_request_that_names_no_host_is_refused(stranger: AsyncClient) -> None:
    request = stranger.build_request("GET", "/healthz")
    del request.headers["Host"]
    assert (await stranger.send(request)).status_code == 400


@pytest.mark.parametrize(
    "path",
    ["/v1%2fme", "/v1%2Fme", "/v1/administration%2fseats", "/v1/%61dministration/seats",
     "/v1/me%2f", "/healthz%2f", "/%68ealthz", "/oauth%2ftoken", "/v1/agencies/center%2D13"],
)  # fmt: skip
async def test_a_path_that_a_rule_of_a_proxy_does_not_see_is_not_found(
    speak: Speak, path: str
) -> None:
    client = await speak("center-13", "records_officer")
    for method in ("GET", "HEAD", "POST"):
        answer = await client.request(method, path)
        assert answer.status_code == 404, (method, path)
    assert (await client.get("/v1/agencies/center-13")).status_code == 200
    assert (await client.get("/v1/administration/seats?limit=1")).status_code == 200


async def test_a_form_in_another_charset_is_refused(stranger: AsyncClient) -> None:
    for charset in ("shift_jis", "utf-16", "iso-8859-1"):
        answer = await stranger.post(
            "/oauth/token",
            content=b"grant_type=client_credentials",
            headers={"Content-Type": f"{FORM}; charset={charset}"},
        )
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("application/json", "application/json"),
        (" Application/JSON ; q=1", "application/json"),
        ('a/b;charset="UTF-8"', "a/b"),
        ("a/b; charset=utf-8; charset=utf-8", "a/b"),
        ("a/b; charset=utf-16", None),
        ("a/b; charset=", None),
        ("a/b; x=1; Charset = sjis", None),
        ("a/b; charset=utf-8; charset=sjis", None),
        ("", ""),
    ],
)
def test_a_media_type_is_given_only_if_its_text_is_utf_8(
    content_type: str, kind: str | None
) -> None:
    assert media_type(content_type) == kind
