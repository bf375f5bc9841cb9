"""Somebody who speaks with good tokens, in the course of a play."""

from dataclasses import dataclass
from typing import Any

from httpx import AsyncClient, Response

from tests.whole.matrix.tokens import Mints, caller


@dataclass
class Speaker:
    """Speaks for any agency, in the course of a play."""

    http: AsyncClient
    mints: Mints

    async def post(self, agency: str, path: str, json: Any, role: str = "decider") -> Response:
        """What the service answers, which must not refuse."""
        return await self._ask("POST", path, agency, role, json)

    async def get(self, agency: str, path: str, role: str = "decider") -> Response:
        """What the service answers, which must not refuse."""
        return await self._ask("GET", path, agency, role)

    async def _ask(
        self, method: str, path: str, agency: str, role: str, json: Any = None
    ) -> Response:
        headers = bearer(self.mints.good(caller(agency, role)))
        answer = await self.http.request(method, path, json=json, headers=headers)
        assert answer.is_success, answer.text
        return answer


def bearer(token: str | None) -> dict[str, str]:
    """The header that carries a token."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}
