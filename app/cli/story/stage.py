"""Calls the service for every actor of the story, through the public API."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import TypeAdapter, ValidationError

from app.cli.story.demo_clients import DemoClient
from app.cli.story.scene import DECIDER, Actor
from app.domain.text import Text

PATIENCE = 30.0
"""Seconds for one answer. Everything here takes milliseconds; a busy machine takes longer."""

_CLIENTS = TypeAdapter(list[DemoClient])


class CannotPlay(Exception):
    """The story cannot be played: the service or the credentials are missing."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.en)
        self.reason = reason


def read_clients(content: bytes) -> dict[str, DemoClient]:
    """The demo clients of a file, by agency.

    Raises:
        CannotPlay: the file holds something else.
    """
    try:
        return {client.agency_id: client for client in _CLIENTS.validate_json(content)}
    except ValidationError:
        reason = Text(
            "接続情報のファイルの中身が違います。`make run` が作った demo-clients.json を"
            "指定してください。",
            "The clients file cannot be read. Name the demo-clients.json that `make run` has made.",
        )
        raise CannotPlay(reason) from None


@dataclass
class Stage:
    """One service with the credentials of all actors. Tokens are cached for half their lifetime."""

    http: httpx.Client
    clients: Mapping[str, DemoClient]
    _tokens: dict[tuple[str, str], tuple[str, datetime]] = field(default_factory=dict)

    def get(self, who: Actor, path: str, role: str = DECIDER, **query: Any) -> httpx.Response:
        """The answer to a GET of `path` by this actor."""
        return self._request("GET", path, headers=self._authorization(who, role), params=query)

    def post(self, who: Actor, path: str, content: Any, role: str = DECIDER) -> httpx.Response:
        """The answer to a POST of `content` to `path` by this actor."""
        return self._request("POST", path, headers=self._authorization(who, role), json=content)

    def now(self, who: Actor) -> datetime:
        """The time by the service's clock, which may differ from this machine's."""
        token = self._request_token(who, DECIDER)
        me = self._request(
            "GET", "/v1/me", headers={"Authorization": f"Bearer {token['access_token']}"}
        )
        expires = datetime.fromisoformat(_read_member(me, "expires_at"))
        return expires - timedelta(seconds=token["expires_in"])

    def _authorization(self, who: Actor, role: str) -> dict[str, str]:
        cached = self._tokens.get((who.id, role))
        real = datetime.now().astimezone()
        if cached is None or cached[1] < real:
            token = self._request_token(who, role)
            cached = token["access_token"], real + timedelta(seconds=token["expires_in"] / 2)
            self._tokens[who.id, role] = cached
        return {"Authorization": f"Bearer {cached[0]}"}

    def _request_token(self, who: Actor, role: str) -> dict[str, Any]:
        client = self.clients.get(who.id)
        seat = next((s.id for s in client.seats if s.role == role), None) if client else None
        if client is None or seat is None:
            raise CannotPlay(_no_seat(who, role))
        answer = self._request(
            "POST",
            "/oauth/token",
            auth=(client.client_id, client.secret),
            data={"grant_type": "client_credentials", "seat": seat},
        )
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise CannotPlay(WRONG_SECRETS)
        return {name: _read_member(answer, name) for name in ("access_token", "expires_in")}

    def _request(self, method: str, path: str, **rest: Any) -> httpx.Response:
        try:
            return self.http.request(method, path, **rest)
        except (httpx.TransportError, httpx.InvalidURL):
            raise CannotPlay(NOBODY_ANSWERS) from None


def _read_member(answer: httpx.Response, name: str) -> Any:
    """A member of a good answer of the service; another kind of server has none."""
    try:
        return answer.raise_for_status().json()[name]
    except (httpx.HTTPStatusError, ValueError, LookupError, TypeError):
        raise CannotPlay(NO_TSUNAGU) from None


def _no_seat(who: Actor, role: str) -> Text:
    return Text(
        f"接続情報のファイルに、{who.name.ja}の席({role})がありません。",
        f"The clients file has no {role} seat for {who.name.en}.",
    )


NOBODY_ANSWERS = Text(
    "サービスが応答しません。別の端末で `make run` を実行し、表示された URL を"
    " --url に指定してください。",
    "The service does not answer. Start it with `make run` in another terminal, and give the URL"
    " that it prints as --url.",
)
NOT_SEALED = Text(
    "記録がまだ封じられていません。ワーカーが動いているか、/readyz の behind を見てください。",
    "The log is not sealed yet. Is a worker running? See `behind` of /readyz.",
)
NO_TSUNAGU = Text(
    "その URL で応答したのは、つなぐではないか、準備のできていないつなぐです。",
    "What answers at that URL is no Tsunagu, or one that is not ready.",
)
WRONG_SECRETS = Text(
    "サービスがこの接続情報を認めません。このサービスのデータフォルダーにある demo-clients.json を"
    " --clients に指定してください。",
    "The service does not know these credentials. Give the demo-clients.json of that very service's"
    " data folder as --clients.",
)
