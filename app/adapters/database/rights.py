"""What the worker may do beyond its functions, so that it can discard WAL with erased keys.

Only a superuser can grant it: the embedded PostgreSQL does so itself, `migrate` tries to, and for
another server an operator does (docs/en/operation.md#overwriting).
"""

from typing import TYPE_CHECKING

from app.adapters.database.logins import WORKER

if TYPE_CHECKING:
    from sqlalchemy import Connection

GRANTS = (
    f"GRANT pg_checkpoint TO {WORKER}",
    f"GRANT EXECUTE ON FUNCTION pg_switch_wal() TO {WORKER}",
    f"GRANT EXECUTE ON FUNCTION pg_ls_waldir() TO {WORKER}",
    f"GRANT EXECUTE ON FUNCTION pg_ls_dir(text, boolean, boolean) TO {WORKER}",
)
"""Rights on functions are those of one database; a database made from a template has its rights."""


def grant_if_possible(connection: "Connection") -> None:
    """Give the worker these rights if whoever is logged in may; say nothing otherwise."""
    for grant in GRANTS:
        connection.exec_driver_sql(
            f"DO $$ BEGIN {grant}; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$"
        )
