"""The adapters on a database of their own, with the national directory."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.adapters.consents.listing import Consents
from app.adapters.consents.return_requests import ReturnRequests
from app.adapters.database.logins import Urls
from app.adapters.database.pool import open_pool
from app.adapters.deliveries.deliveries import Deliveries
from app.adapters.deliveries.recalls import Recalls
from app.adapters.directory.cache import load
from app.adapters.directory.seed import seed
from app.adapters.disclosures.listing import Disclosures
from app.adapters.erasure.listing import Erasures
from app.adapters.inbox.bell import Bell
from app.adapters.inbox.inboxes import Inboxes
from app.adapters.keys.checkpoint_keys import CheckpointKeys
from app.adapters.keys.folder import KeyFolder
from app.adapters.keys.in_process import FolderKeys
from app.adapters.keys.vault import Vault
from app.adapters.log.reading import Log
from app.adapters.log.sealer import Sealer
from app.adapters.referrals.deadlines import DeadlineList
from app.adapters.referrals.decision_rows import DecisionWriter
from app.adapters.referrals.exchange import Exchange
from app.adapters.referrals.facts_before import FactsBefore
from app.adapters.referrals.reading import Reading
from app.auth.receipts import ReceiptSigner
from app.auth.signing_keys import SigningKeys
from app.domain.access.day_limits import DayLimits
from app.domain.directory.agencies import Directory
from app.domain.flows import BODIES
from app.domain.messages.message import Message
from tests.support.callers import START

ORIGIN = "tsunagu.test/log"
HIGH_LIMITS = dict.fromkeys(asdict(DayLimits()), 1_000_000)
"""Limits that no test reaches: whoever is held to any locks the counts of the day."""


class Clock:
    """A clock that shows the time that a test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Office:
    """All adapters on one database."""

    urls: Urls
    pool: asyncpg.Pool
    owner: asyncpg.Pool
    exchange: Exchange
    reading: Reading
    deadlines: DeadlineList
    erasures: Erasures
    inboxes: Inboxes
    deliveries: Deliveries
    recalls: Recalls
    replaced: FactsBefore
    disclosures: Disclosures
    consents: Consents
    return_requests: ReturnRequests
    directory: Directory
    writer: DecisionWriter
    clock: Clock
    log: Log
    keys: CheckpointKeys
    sealer: Sealer

    async def row(self, query: str, *values: object) -> asyncpg.Record:
        """The one row of a query, run as the owner of the tables."""
        row = await self.owner.fetchrow(query, *values)
        assert row is not None
        return row

    def another(self) -> Exchange:
        """Another process's exchange on the same database."""
        bell = Bell(self.pool, self.urls.api)
        return Exchange(self.pool, self.writer, lambda: self.directory, self.clock, bell)


def saying(
    message_type: str,
    referral_id: UUID | None = None,
    changes: Mapping[str, Any] | None = None,
    **envelope: Any,
) -> Message:
    """A message with the example body of its type. Without a referral it opens one."""
    message_id = envelope.pop("id", None) or uuid4()
    body_type = BODIES[message_type]
    body = body_type.model_validate({**body_type.EXAMPLE, **(changes or {})})
    return Message(
        id=message_id,
        referral_id=referral_id or message_id,
        body=body,
        occurred_on=envelope.pop("occurred_on", START.date()),
        **envelope,
    )


@pytest.fixture(scope="module")
async def office(
    new_database: Callable[[], Urls], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Office]:
    """The adapters, built as the service does it, for the tests of one file.

    At the end two invariants are checked on all cases that the tests have played.
    """
    urls = new_database()
    clock = Clock()
    folder = KeyFolder(Path(tmp_path_factory.mktemp("keys")))
    folder.prepare(clock())
    folder.prepare_log(clock())
    keys = CheckpointKeys(folder, ORIGIN)
    signer = ReceiptSigner(SigningKeys(folder), clock)
    async with (
        await open_pool(urls.api, 20, "tests", limits=HIGH_LIMITS) as pool,
        asyncpg.create_pool(urls.owner, min_size=1, max_size=4) as owner,
        asyncpg.create_pool(urls.worker, min_size=0, max_size=4) as worker,
    ):
        async with owner.acquire() as connection:
            await seed(connection)
            directory = await load(connection)
        vault = Vault(FolderKeys(folder, clock))
        writer = DecisionWriter(vault, signer, "https://tsunagu.test")
        bell = Bell(pool, urls.api)
        replaced = FactsBefore(vault)
        await bell.start()
        office = Office(
            urls,
            pool,
            owner,
            Exchange(pool, writer, lambda: directory, clock, bell),
            Reading(pool, vault, clock),
            DeadlineList(pool, clock),
            Erasures(pool),
            Inboxes(pool, bell, clock),
            Deliveries(pool, clock),
            Recalls(pool, clock, bell, replaced),
            replaced,
            Disclosures(pool, clock),
            Consents(pool, clock),
            ReturnRequests(pool, clock),
            directory,
            writer,
            clock,
            Log(pool),
            keys,
            Sealer(worker, keys, ORIGIN, clock),
        )
        yield office
        await bell.stop()
        await views_say_no_more_than_the_messages(office)
        await no_case_has_a_lead_that_is_no_party(office)
        await no_row_is_without_its_owner(office)


async def views_say_no_more_than_the_messages(office: Office) -> None:
    """Every party's count of messages is that of the copies that it has.

    A party whose part ended may have been shown a message again, through another referral.
    """
    rows = await office.owner.fetch(
        "SELECT q.agency_id, q.referral_id, q.number, count(c.*) AS copies FROM party q"
        " LEFT JOIN copy c ON c.agency_id = q.agency_id AND (c.referral_id = q.referral_id"
        " OR q.until IS NOT NULL AND c.message_referral_id = q.referral_id)"
        " GROUP BY 1, 2, 3"
    )
    assert [row for row in rows if row["number"] != row["copies"]] == []


async def no_case_has_a_lead_that_is_no_party(office: Office) -> None:
    """Whoever leads an open case has a part in one of its referrals."""
    rows = await office.owner.fetch(
        'SELECT c.lead, json_agg(q.agency_id) AS parties FROM "case" c'
        " JOIN referral r ON r.case_id = c.id JOIN party q ON q.referral_id = r.id"
        " WHERE c.lead IS NOT NULL AND q.until IS NULL GROUP BY c.id"
    )
    assert [row for row in rows if row["lead"] not in json.loads(row["parties"])] == []


OWNERS = {
    ("party", "referral_id"): ("referral", "id"),
    ("message", "referral_id"): ("referral", "id"),
    ("referral_key", "referral_id"): ("referral", "id"),
    ("segment", "message_id"): ("message", "id"),
    ("copy", "message_id"): ("message", "id"),
    ("copy", "message_referral_id"): ("referral", "id"),
    ("inbox_item", "agency_id"): ("mailbox", "agency_id"),
    ("inbox_item", "message_id"): ("message", "id"),
    ("referral_change", "agency_id"): ("mailbox", "agency_id"),
    ("referral_change", "referral_id"): ("referral", "id"),
}
"""What rows belong to, where no foreign key says so."""


async def no_row_is_without_its_owner(office: Office) -> None:
    """What the functions that write these rows see to."""
    for (table, column), (owner, key) in OWNERS.items():
        orphans = await office.owner.fetchval(
            f"SELECT count(*) FROM {table} x WHERE {column} IS NOT NULL"  # noqa: S608 - ours
            f" AND NOT EXISTS (SELECT FROM {owner} o WHERE o.{key} = x.{column})"
        )
        assert orphans == 0, (table, column)
