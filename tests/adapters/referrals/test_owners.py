"""No row is written of which the message or the referral is not there, without a foreign key."""

import json
from collections.abc import Mapping
from uuid import uuid4

import asyncpg
import pytest

from tests.support.office import Office
from tests.support.play import special

NOWHERE = str(uuid4())


async def check(office: Office, rows: Mapping[str, object]) -> None:
    """Ask what `accept` asks before it writes."""
    await office.owner.execute("SELECT check_owners($1)", json.dumps(rows))


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("segments", "message_id"),
        ("copies", "message_id"),
        ("shared", "message_id"),
        ("keys", "referral_id"),
        ("parties", "referral_id"),
        ("messages", "referral_id"),
    ],
)
async def test_a_row_without_its_owner_is_refused(office: Office, kind: str, column: str) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await check(office, {kind: [{column: NOWHERE}]})
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await check(office, {kind: [{column: None}]})


async def test_a_row_of_what_is_written_with_it_or_is_there_already_is_taken(
    office: Office,
) -> None:
    there, new, message = str(await special(office, ())), str(uuid4()), str(uuid4())
    await check(
        office,
        {
            "referrals": [{"id": new}],
            "messages": [{"id": message, "referral_id": new}],
            "parties": [{"referral_id": new}, {"referral_id": there}],
            "keys": [{"referral_id": new}, {"referral_id": there}],
            "segments": [{"message_id": message}],
            "copies": [{"message_id": message}],
            "shared": [{"message_id": there}],
        },
    )


async def test_a_copy_of_an_older_message_comes_only_as_one_that_is_shared(
    office: Office,
) -> None:
    older = str(await special(office, ()))
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await check(office, {"copies": [{"message_id": older}]})
