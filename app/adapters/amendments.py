"""Changes a function of an earlier migration as it stands, so that such changes compose.

Several migrations may each put a line into the same function. Each takes the living definition,
changes the pieces that are its own, and puts them back on the way down, whatever came between.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, text

Changes = Mapping[str, Iterable[tuple[str, str]]]
"""By a function's signature: each piece as it is, and as it shall be."""


def amend(connection: Connection, changes: Changes) -> None:
    """Make the changes in the functions of the database.

    Raises:
        ValueError: a piece does not stand in its function exactly once.
    """
    for function, pieces in changes.items():
        statement = _definition(connection, function)
        for old, new in pieces:
            if statement.count(old) != 1:
                raise ValueError(f"{function} is no longer what this migration changes")
            statement = statement.replace(old, new)
        connection.exec_driver_sql(statement)


def restore(connection: Connection, changes: Changes) -> None:
    """Undo what `amend` did.

    Raises:
        ValueError: a piece does not stand in its function exactly once.
    """
    backwards = {
        function: [(new, old) for old, new in reversed(list(pieces))]
        for function, pieces in changes.items()
    }
    amend(connection, backwards)


def _definition(connection: Connection, function: str) -> str:
    query = text("SELECT pg_get_functiondef(CAST(:name AS regprocedure))")
    found: str = connection.execute(query, {"name": function}).scalar_one()
    return found
