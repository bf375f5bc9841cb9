"""Rules that functions of the database need are what the domain says, and only the domain."""

import asyncio
import json
from uuid import UUID

import pytest

from app.adapters import schema
from app.adapters.database.connection import connect
from app.adapters.database.logins import Urls
from app.adapters.database.migrations import migrate
from app.domain.consents.consent import PURPOSE_FLOWS, serves
from app.domain.flows import FLOWS
from app.domain.messages.facts import DEADLINES, FACTS
from tests.conftest import NewDatabase

Row = tuple[str, str | None]

REFERRAL = UUID(int=7)
CASE = f"""
    INSERT INTO agency (id, kind, name, prefecture, connected)
    VALUES ('center-13', 'settlement_center', 'center', '13', true);
    INSERT INTO "case" VALUES ('{REFERRAL}', 1, NULL, now());
    INSERT INTO referral (id, case_id, flow, reference, state, back, facts, opened_at)
    VALUES ('{REFERRAL}', '{REFERRAL}', 'special_adjustment', 'A', 'assessing', '{{}}', '{{}}',
        now());
    INSERT INTO party VALUES ('{REFERRAL}', 'center-13', 'center', '{{C0,C4,C7}}', true, now(),
        NULL, 'special_adjustment', 'assessing', 1, '{{}}', now());
    INSERT INTO consent (case_id, id, referral_id, message_id, purpose, recipients, classes,
        valid_from)
    VALUES ('{REFERRAL}', '{REFERRAL}', '{REFERRAL}', '{REFERRAL}', 'special_adjustment',
        '{{center-13}}', '{{}}', '2026-03-01');
    INSERT INTO deadline VALUES ('{REFERRAL}', 'center-13', 'placement_from', '2026-04-01', NULL);
"""  # noqa: S608 - our id
"""A center that reads by consent, and a day to keep of the new kind."""
LIST_DEADLINES = (
    "SELECT list_deadlines('center-13', NULL, NULL, NULL, 9, '2026-04-01', $1::text::text[])"
)
DROP_KEYS = (
    "SELECT drop_keys($1, $2::text::text[], now(), 'case_closed', NULL, CAST('2026-05-01' AS date))"
)


async def rows(database: Urls, table: str) -> set[Row]:
    async with connect(database.owner) as connection:
        return {tuple(row) for row in await connection.fetch(f"SELECT * FROM {table}")}  # noqa: S608 - our names


async def test_the_purposes_of_consent_are_those_of_the_domain(new_database: NewDatabase) -> None:
    stored = await rows(new_database(), "purpose_flow")
    flows: dict[str, set[str]] = {}
    for purpose, flow in stored:
        flows.setdefault(purpose, set()).update({flow} if flow else ())
    assert flows == PURPOSE_FLOWS
    async with connect(new_database().owner) as connection:
        for purpose in (*PURPOSE_FLOWS, "another"):
            for flow in FLOWS:
                answer = await connection.fetchval("SELECT serves($1, $2)", purpose, flow)
                assert answer is serves(purpose, flow), (purpose, flow)


async def test_the_kinds_of_deadline_have_the_class_of_their_fact(
    new_database: NewDatabase,
) -> None:
    expected = {(kind, FACTS[kind].value) for kind in DEADLINES}
    assert await rows(new_database(), "deadline_kind") == expected


async def test_what_differs_from_the_domain_is_put_right(new_database: NewDatabase) -> None:
    database = new_database()
    tables = ("purpose_flow", "deadline_kind")
    before = [await rows(database, table) for table in tables]
    async with connect(database.owner) as connection:
        await connection.execute("""
            INSERT INTO purpose_flow VALUES ('defence', NULL), ('gone', 'special_adjustment');
            DELETE FROM purpose_flow WHERE purpose = 'health';
            INSERT INTO deadline_kind VALUES ('gone', 'C1');
            UPDATE deadline_kind SET class = 'C0' WHERE kind = 'release_on';
        """)
    await asyncio.to_thread(migrate, database.owner)
    assert [await rows(database, table) for table in tables] == before


async def test_rules_that_are_right_are_not_written_again(new_database: NewDatabase) -> None:
    database = new_database()
    async with connect(database.owner) as connection:
        written = (
            "SELECT xmin::text FROM purpose_flow UNION ALL SELECT xmin::text FROM deadline_kind"
        )
        before = await connection.fetch(written)
        await asyncio.to_thread(migrate, database.owner)
        assert await connection.fetch(written) == before


async def test_a_new_kind_of_deadline_is_shown_and_erased_by_its_own_class(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = schema.TABLES.tables["deadline_kind"]
    monkeypatch.setitem(schema.RULES, table, {*schema.RULES[table], ("placement_from", "C7")})
    database = new_database()
    await asyncio.to_thread(migrate, database.owner)
    may_know = "SELECT may_know('center-13', $1, 'placement_from', '2026-04-01')"
    async with connect(database.owner) as connection:
        await connection.execute(CASE)
        for classes, known in (("{C4}", False), ("{C7}", True), ("{}", False)):
            await connection.execute("UPDATE consent SET classes = $1::text::text[]", classes)
            assert await connection.fetchval(may_know, REFERRAL) is known, classes
        await connection.execute("UPDATE consent SET classes = '{C4,C7}'")
        for classes, listed in (("{C0,C4}", 0), ("{C7}", 1)):
            page = await connection.fetchval(LIST_DEADLINES, classes)
            assert len(json.loads(page)) == listed, classes
        for classes, left in (("{C4}", 1), ("{C7}", 0)):
            await connection.execute(DROP_KEYS, REFERRAL, classes)
            assert await connection.fetchval("SELECT count(*) FROM deadline") == left, classes
