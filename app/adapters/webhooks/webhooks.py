"""Webhooks as an agency manages them. Row security holds in what is read, and each write asks."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.adapters.ids import time_ordered_id
from app.adapters.log.entry import entries_json, log_entry
from app.adapters.webhooks.safe_http import Lookup, check_host
from app.adapters.webhooks.secrets import WebhookSecrets, new_secret
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock
from app.domain.errors import NotFound, TooManyWebhooks
from app.domain.messages.digest import wire_time
from app.domain.webhooks.endpoint import endpoint
from app.domain.webhooks.notices import secret_text

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool
    from app.adapters.inbox.bell import Bell

LIST = "SELECT list_webhooks($1, $2)"
ATTEMPTS = "SELECT list_attempts($1, $2, $3, $4, $5, $6, $7)"
ADD = "SELECT add_webhook($1, $2, $3, $4)"
CHANGE = "SELECT change_webhook($1, $2)"
ROTATE = "SELECT rotate_webhook_secret($1, $2, $3, $4, $5, $6, $7)"
REMOVE = "SELECT remove_webhook($1, $2, $3, $4)"
TEST = "SELECT test_webhook($1, $2, $3, $4, $5, $6)"
REPLAY = "SELECT replay_notices($1, $2, $3, $4, $5, $6)"
OVERLAP = timedelta(hours=24)
"""How long an old secret signs beside the new one."""

Row = dict[str, Any]


class Webhooks:
    """What an agency does with its webhooks."""

    def __init__(
        self,
        pool: "Pool",
        bell: "Bell",
        secrets: WebhookSecrets,
        lookup: Lookup,
        clock: Clock,
        *,
        loopback: bool,
    ) -> None:
        self._pool = pool
        self._bell = bell
        self._secrets = secrets
        self._lookup = lookup
        self._clock = clock
        self._loopback = loopback

    async def all(self, agency_id: str) -> list[Row]:
        """The webhooks of an agency, the oldest first."""
        found: list[Row] = json.loads(await self._pool.fetchval(LIST, agency_id, None))
        return found

    async def one(self, agency_id: str, webhook_id: UUID) -> Row:
        """A webhook of this agency.

        Raises:
            NotFound: it has none of that id.
        """
        found: list[Row] = json.loads(await self._pool.fetchval(LIST, agency_id, webhook_id))
        if not found:
            raise NotFound
        return found[0]

    async def add(
        self, caller: Caller, url: str, flows: list[str] | None, urgencies: list[str] | None
    ) -> tuple[Row, str]:
        """Register an endpoint; the secret is told this once.

        Raises:
            Invalid: the URL leads where nothing may be sent.
            TooManyWebhooks: the agency has as many as it may have.
        """
        normal, at = await self._checked(url), self._clock()
        webhook_id, secret = time_ordered_id(at), new_secret()
        sealed = await self._secrets.seal(webhook_id, secret)
        row = {
            **_vouched(caller, webhook_id, at),
            "url": normal,
            "flows": flows,
            "urgencies": urgencies,
        }
        log = _entry(caller, at, "webhook.added", webhook_id)
        if not await self._pool.fetchval(ADD, json.dumps(row), sealed.master, sealed.wrapped, log):
            raise TooManyWebhooks
        return await self.one(caller.agency_id, webhook_id), secret_text(secret)

    async def change(self, caller: Caller, webhook_id: UUID, changes: Mapping[str, Any]) -> Row:
        """Change url, filters or state. Whoever changes it vouches for it from then on.

        Raises:
            NotFound: the agency has no such webhook.
            Invalid: the URL leads where nothing may be sent.
        """
        await self.one(caller.agency_id, webhook_id)
        at = self._clock()
        row = {**_vouched(caller, webhook_id, at), **changes}
        if "url" in changes:
            row["url"] = await self._checked(changes["url"])
        log = _entry(caller, at, "webhook.changed", webhook_id, {"fields": sorted(changes)})
        self._done(await self._pool.fetchval(CHANGE, json.dumps(row), log), caller)
        return await self.one(caller.agency_id, webhook_id)

    async def rotate(self, caller: Caller, webhook_id: UUID) -> tuple[str, datetime]:
        """A new secret, told this once, and until when the old one signs too.

        Raises:
            NotFound: the agency has no such webhook.
        """
        at, secret = self._clock(), new_secret()
        sealed = await self._secrets.seal(webhook_id, secret)
        log = _entry(caller, at, "webhook.secret_rotated", webhook_id)
        arguments = (at, at + OVERLAP, sealed.master, sealed.wrapped, log)
        found = await self._pool.fetchval(ROTATE, caller.agency_id, webhook_id, *arguments)
        self._done(found, caller)
        return secret_text(secret), at + OVERLAP

    async def remove(self, caller: Caller, webhook_id: UUID) -> None:
        """Forget a webhook and its secret. What waits for it is cancelled.

        Raises:
            NotFound: the agency has no such webhook.
        """
        at = self._clock()
        log = _entry(caller, at, "webhook.removed", webhook_id)
        self._done(await self._pool.fetchval(REMOVE, caller.agency_id, webhook_id, at, log), caller)

    async def test(self, caller: Caller, webhook_id: UUID) -> UUID:
        """Send a notice that is none, once; its id, by which its attempt is found.

        Raises:
            NotFound: the agency has no such webhook.
        """
        at = self._clock()
        notice_id = time_ordered_id(at)
        payload = json.dumps(
            {
                "type": "webhook.test",
                "timestamp": wire_time(at),
                "data": {"agency_id": caller.agency_id, "webhook_id": str(webhook_id)},
            },
            separators=(",", ":"),
        )
        log = _entry(caller, at, "webhook.tested", webhook_id)
        arguments = (caller.agency_id, webhook_id, notice_id, payload, at, log)
        self._done(await self._pool.fetchval(TEST, *arguments), caller)
        return notice_id

    async def replay(
        self, caller: Caller, webhook_id: UUID, notice_id: UUID | None, since: datetime | None
    ) -> int:
        """Send again one notice, or all that were made since a moment; how many are queued.

        Raises:
            NotFound: the agency has no such webhook, or the webhook no such notice.
        """
        at = self._clock()
        log = _entry(caller, at, "webhook.replayed", webhook_id)
        arguments = (caller.agency_id, webhook_id, notice_id, since, at, log)
        count: int | None = await self._pool.fetchval(REPLAY, *arguments)
        self._done(count is not None, caller)
        return count or 0

    async def attempts(
        self,
        agency_id: str,
        webhook_id: UUID,
        notice_id: UUID | None,
        before: tuple[datetime, UUID, int] | None,
        limit: int,
    ) -> list[Row]:
        """Attempts, the newest first.

        Raises:
            NotFound: the agency has no such webhook.
        """
        place = before or (None, None, None)
        arguments = (agency_id, webhook_id, notice_id, *place, limit)
        text = await self._pool.fetchval(ATTEMPTS, *arguments)
        if text is None:
            raise NotFound
        found: list[Row] = json.loads(text)
        return found

    async def _checked(self, url: str) -> str:
        found = endpoint(url, loopback=self._loopback)
        if found.address is None:
            await check_host(found.host, found.port, self._lookup, loopback=self._loopback)
        return found.url

    def _done(self, found: object, caller: Caller) -> None:
        if not found:
            raise NotFound
        self._bell.ring([caller.agency_id])


def _vouched(caller: Caller, webhook_id: UUID, at: datetime) -> dict[str, Any]:
    return {
        "id": str(webhook_id),
        "agency_id": caller.agency_id,
        "client_id": caller.client_id,
        "seat_id": caller.seat_id,
        "at": at.isoformat(),
    }


def _entry(
    caller: Caller,
    at: datetime,
    kind: str,
    webhook_id: UUID,
    detail: Mapping[str, Any] | None = None,
) -> str:
    """The log entry, as the functions of the database take it."""
    about = {"webhook_id": str(webhook_id), **(detail or {})}
    return entries_json([log_entry(at, kind, about, caller)])
