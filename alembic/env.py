"""Runs the migrations, one runner at a time, without holding up a database that is in use."""

import asyncio
import os
from datetime import timedelta
from typing import Any

import asyncpg
from alembic import context
from sqlalchemy import Connection, event, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.adapters.database import functions, rights, rules
from app.adapters.database.connection import WRITABLE
from app.adapters.database.migrations import PATIENCE, refuse_older
from app.adapters.schema import RULES, TABLES

ONE_AT_A_TIME = 7586_1234_0001
"""The advisory lock of whoever migrates; the number means nothing."""

LOCK_TIMEOUT = context.config.attributes.get("patience", PATIENCE) // timedelta(milliseconds=1)
"""Milliseconds that a statement may wait for a lock of somebody who uses the database."""

DIRECTION = context.config.attributes.get("direction")
"""`up` or `down`; none for `alembic check` and its like, which change nothing."""


def migrate(connection: Connection) -> None:
    """Upgrade or downgrade on `connection`, in one transaction, with functions and rules.

    A statement that waits for a lock makes everybody queue behind it, so it gives up early and
    can be tried again. Waiting for another migration to end harms nobody and has its own limit.
    """
    context.configure(connection=connection, target_metadata=TABLES, compare_server_default=True)
    with context.begin_transaction():
        connection.execute(text("SET LOCAL lock_timeout = '2min'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})"))
        connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT}"))
        connection.execute(text("SET LOCAL statement_timeout = '10min'"))
        refuse_older(context.get_context().get_current_heads())
        if DIRECTION == "down":
            functions.drop(connection)
        context.run_migrations()
        if DIRECTION == "up" and at_head():
            functions.apply(connection)
            rules.fill(connection, RULES)
            rights.grant_if_possible(connection)


def at_head() -> bool:
    """Whether no migration is left to run: the functions are written for the newest tables."""
    return set(context.get_context().get_current_heads()) == set(context.script.get_heads())


def run_script(cursor: Any, statement: str, parameters: Any, _context: Any) -> bool:
    """Run a script of several statements as one; whether this was one.

    asyncpg prepares what SQLAlchemy hands it, and only single statements can be prepared.
    """
    if parameters or ";" not in statement.strip().removesuffix(";"):
        return False
    cursor._adapt_connection.run_async(lambda connection: connection.execute(statement))
    return True


async def connect_and_migrate(url: str) -> None:
    """Open `url` as asyncpg reads it, and migrate."""

    async def connection() -> asyncpg.Connection:
        return await asyncpg.connect(url, target_session_attrs=WRITABLE)

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connection, poolclass=pool.NullPool
    )
    event.listen(engine.sync_engine, "do_execute", run_script)
    try:
        async with engine.connect() as opened:
            await opened.run_sync(migrate)
            await opened.commit()
    finally:
        await engine.dispose()


# By its own command line (`alembic check`, `alembic revision --autogenerate`) nobody hands it over.
URL = context.config.attributes.get("url") or os.environ["TSUNAGU_DATABASE_URL"]
asyncio.run(connect_and_migrate(URL))
