"""Webhooks of an agency. Row security limits what is read; every write checks the agency."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from app.adapters.ids import time_ordered_id
from app.adapters.log.entry import entries_json, log_entry
from app.adapters.webhooks.lookup import Lookup, check_host
from app.adapters.webhooks.rows import AttemptJson, WebhookJson
from app.adapters.webhooks.secrets import WebhookSecrets, new_secret
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock
from app.domain.errors import NotFound, TooMany, TooManyWebhooks
from app.domain.messages.digest import wire_time
from app.domain.webhooks.addresses import PUBLIC_ONLY, Reach, source_network
from app.domain.webhooks.endpoint import (
    CALLS_OF_AN_AGENCY,
    CALLS_OF_AN_ENDPOINT,
    CALLS_TO_A_TARGET,
    REPLAYED_IN_A_SECOND,
    endpoint,
)
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
REPLAY = "SELECT pace_replay($1, $2, $3, $4, $5, $6, $7)"
COUNT = "SELECT count_webhook_call($1, $2, $3, $4, $5, $6, $7)"
OVERLAP = timedelta(hours=24)
"""How long an old secret signs beside the new one."""


class Webhooks:
    """Registers, changes, tests and removes the webhooks of an agency."""

    def __init__(
        self,
        pool: "Pool",
        bell: "Bell",
        secrets: WebhookSecrets,
        lookup: Lookup,
        clock: Clock,
        reach: Reach = PUBLIC_ONLY,
        *,
        by_proxy: bool = False,
    ) -> None:
        self._pool = pool
        self._bell = bell
        self._secrets = secrets
        self._lookup = lookup
        self._clock = clock
        self._reach = reach
        self._by_proxy = by_proxy

    async def list_webhooks(self, agency_id: str) -> list[WebhookJson]:
        """The webhooks of an agency, the oldest first."""
        rows: list[WebhookJson] = json.loads(await self._pool.fetchval(LIST, agency_id, None))
        return rows

    async def read_webhook(self, agency_id: str, webhook_id: UUID) -> WebhookJson:
        """A webhook of this agency.

        Raises:
            NotFound: it has none of that id.
        """
        rows: list[WebhookJson] = json.loads(await self._pool.fetchval(LIST, agency_id, webhook_id))
        if not rows:
            raise NotFound
        return rows[0]

    async def add(
        self, caller: Caller, url: str, flows: list[str] | None, urgencies: list[str] | None
    ) -> tuple[WebhookJson, str]:
        """Register an endpoint. The secret is shown only this once.

        Raises:
            Invalid: nothing may be sent to the URL.
            TooMany: too many calls that make us send.
            TooManyWebhooks: the agency has as many as it may have.
        """
        (normal, targets), at = await self._check_url(url), self._clock()
        await self._count(caller, None, targets, at)
        webhook_id, secret = time_ordered_id(at), new_secret()
        sealed = await self._secrets.seal(webhook_id, secret)
        row = {
            **_voucher_row(caller, webhook_id, at),
            "url": normal,
            "flows": flows,
            "urgencies": urgencies,
        }
        log = _entry(caller, at, "webhook.added", webhook_id)
        if not await self._pool.fetchval(ADD, json.dumps(row), sealed.master, sealed.wrapped, log):
            raise TooManyWebhooks
        return await self.read_webhook(caller.agency_id, webhook_id), secret_text(secret)

    async def change(
        self, caller: Caller, webhook_id: UUID, changes: Mapping[str, Any]
    ) -> WebhookJson:
        """Change url, filters or state. The caller vouches for the webhook from then on.

        Raises:
            NotFound: the agency has no such webhook.
            Invalid: nothing may be sent to the URL.
            TooMany: too many calls that make us send.
        """
        known = await self.read_webhook(caller.agency_id, webhook_id)
        at = self._clock()
        row = {**_voucher_row(caller, webhook_id, at), **changes}
        targets = [_host(known["url"])]
        if "url" in changes:
            row["url"], targets = await self._check_url(changes["url"])
        if "url" in changes or changes.get("state") == "active":
            await self._count(caller, webhook_id, targets, at)
        log = _entry(caller, at, "webhook.changed", webhook_id, {"fields": sorted(changes)})
        self._notify_couriers(await self._pool.fetchval(CHANGE, json.dumps(row), log), caller)
        return await self.read_webhook(caller.agency_id, webhook_id)

    async def rotate(self, caller: Caller, webhook_id: UUID) -> tuple[str, datetime]:
        """A new secret, shown only this once, and until when the old one signs too.

        Raises:
            NotFound: the agency has no such webhook.
        """
        at, secret = self._clock(), new_secret()
        sealed = await self._secrets.seal(webhook_id, secret)
        log = _entry(caller, at, "webhook.secret_rotated", webhook_id)
        arguments = (at, at + OVERLAP, sealed.master, sealed.wrapped, log)
        rotated = await self._pool.fetchval(ROTATE, caller.agency_id, webhook_id, *arguments)
        self._notify_couriers(rotated, caller)
        return secret_text(secret), at + OVERLAP

    async def remove(self, caller: Caller, webhook_id: UUID) -> None:
        """Remove a webhook and its secret. Its pending notices are cancelled.

        Raises:
            NotFound: the agency has no such webhook.
        """
        at = self._clock()
        log = _entry(caller, at, "webhook.removed", webhook_id)
        self._notify_couriers(
            await self._pool.fetchval(REMOVE, caller.agency_id, webhook_id, at, log), caller
        )

    async def test(self, caller: Caller, webhook_id: UUID) -> UUID:
        """Send a test notice, once. Returns its id, to look up the attempt.

        A receiver that has not proven that it wants notices gets its challenge again instead.

        Raises:
            NotFound: the agency has no such webhook.
            TooMany: too many calls that make us send.
        """
        known, at = await self.read_webhook(caller.agency_id, webhook_id), self._clock()
        await self._count(caller, webhook_id, [_host(known["url"])], at)
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
        self._notify_couriers(await self._pool.fetchval(TEST, *arguments), caller)
        return notice_id

    async def replay(
        self, caller: Caller, webhook_id: UUID, notice_id: UUID | None, since: datetime | None
    ) -> int:
        """Send again one notice, or all that were made since a time; how many are queued.

        Raises:
            NotFound: the agency has no such webhook, or the webhook no such notice.
            TooMany: an earlier replay is under way.
        """
        at = self._clock()
        log = _entry(caller, at, "webhook.replayed", webhook_id)
        arguments = (caller.agency_id, webhook_id, notice_id, since, at, REPLAYED_IN_A_SECOND, log)
        count: int | None = await self._pool.fetchval(REPLAY, *arguments)
        if count is not None and count < 0:
            raise TooMany(-count)
        self._notify_couriers(count is not None, caller)
        return count or 0

    async def attempts(
        self,
        agency_id: str,
        webhook_id: UUID,
        notice_id: UUID | None,
        before: tuple[datetime, UUID, int] | None,
        limit: int,
    ) -> list[AttemptJson]:
        """Attempts, the newest first.

        Raises:
            NotFound: the agency has no such webhook.
        """
        place = before or (None, None, None)
        arguments = (agency_id, webhook_id, notice_id, *place, limit)
        text = await self._pool.fetchval(ATTEMPTS, *arguments)
        if text is None:
            raise NotFound
        rows: list[AttemptJson] = json.loads(text)
        return rows

    async def _check_url(self, url: str) -> tuple[str, list[str]]:
        """The URL in its normal form, if notices may be sent to it, and its host and addresses."""
        target = endpoint(url, self._reach)
        places = [str(target.address)]
        if target.address is None:
            places = await check_host(
                target.host, target.port, self._lookup, self._reach, by_proxy=self._by_proxy
            )
        return target.url, [target.host, *map(source_network, places)]

    async def _count(
        self, caller: Caller, webhook_id: UUID | None, targets: list[str], at: datetime
    ) -> None:
        """Count a call that makes us send something that did not arrive in an inbox."""
        limits = (CALLS_OF_AN_ENDPOINT, CALLS_OF_AN_AGENCY, CALLS_TO_A_TARGET)
        wait: int = await self._pool.fetchval(
            COUNT, caller.agency_id, webhook_id, targets, at, *limits
        )
        if wait:
            raise TooMany(wait)

    def _notify_couriers(self, is_changed: object, caller: Caller) -> None:
        if not is_changed:
            raise NotFound
        self._bell.ring([caller.agency_id])


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _voucher_row(caller: Caller, webhook_id: UUID, at: datetime) -> dict[str, Any]:
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
