"""The service without its database: the same routes, checks and answers, from memory.

The service is compared with it. Its parts are the real ones but two: an exchange that accepts
everything without checking it, and inboxes that always return the same page.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import cast
from unittest.mock import patch

from fastapi import FastAPI

from app.adapters.inbox.inboxes import Inboxes
from app.adapters.referrals.decision_rows import AcceptanceAnswer
from app.adapters.referrals.exchange import Accepted, Exchange
from app.api.wire.dependencies import Dependencies
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock
from app.domain.messages.message import Message
from app.main import create_app
from app.settings import Settings

RECEIPT = "r" * 560
"""As long as a real one."""
ITEM = {
    "kind": "message",
    "referral_id": "0193a1b2-7c00-7000-8000-000000000000",
    "message_id": "0193a1b2-7c00-7000-8000-000000000000",
    "type": "special_adjustment.notify_candidate",
    "from": {"party": "institution", "agency_id": "prison-fuchu"},
    "urgency": "normal",
    "accepted_at": "2026-11-20T10:15:00.123+09:00",
    "to_print": False,
    "state": "acknowledged",
}


class AcceptsAll:
    """Replaces the exchange."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def accept(
        self, message: Message, _caller: Caller, _if_match: frozenset[str] = frozenset()
    ) -> Accepted:
        """An answer as the exchange gives it."""
        digest = "sha256:" + "0" * 64
        ids = message.referral_id, message.id
        at = self._clock()
        state, version, urgency = "candidate_notified", 'W/"1"', message.urgency
        answer = AcceptanceAnswer(*ids, state, at, digest, RECEIPT, version, urgency)
        return Accepted(answer, repeated=False)


class SamePage:
    """Replaces the inboxes."""

    def __init__(self) -> None:
        items = [{"position": 1_000_000 + n, **ITEM} for n in range(50)]
        page = {"items": items, "next": 1_000_049, "head": 1_000_049}
        self._page = json.dumps(page, separators=(",", ":"))

    async def read(self, *_: object, unacknowledged: bool, **_others: object) -> str:
        """The page."""
        assert not unacknowledged
        return self._page


def create_app_without_database(settings: Settings) -> FastAPI:
    """The service of `app.main` with the two parts replaced once it has started."""
    app = create_app(settings)
    started = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with started(app):
            dependencies: Dependencies = app.state.dependencies
            dependencies.override(Exchange, cast(Exchange, AcceptsAll(settings.running_clock())))
            dependencies.override(Inboxes, cast(Inboxes, SamePage()))
            yield

    app.router.lifespan_context = lifespan
    return app


def main() -> None:
    """Serve it as the service is served."""
    settings = Settings()
    serve = import_module("app.cli.processes.serve")  # the package has a command of the same name
    with patch.object(serve, "create_app", create_app_without_database):
        serve.serve_on(serve.listen(settings), settings)


if __name__ == "__main__":
    main()
