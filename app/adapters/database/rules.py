"""Rules that the domain states and functions of the database need: their tables, kept as it says.

A rule is written once, in the domain. `migrate` fills these tables in the transaction in which it
applies the functions that read them.
"""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, Table, and_, delete, insert, select

Rules = Mapping[Table, Collection[tuple[str | None, ...]]]
"""The tables of rules, each with the rows that it shall have, in the order of its columns."""


def fill(connection: Connection, rules: Rules) -> None:
    """Make these tables hold the rows that the domain has, and no others.

    What is right already is not written again.
    """
    for table, rows in rules.items():
        _fill(connection, table, set(rows))


def _fill(connection: Connection, table: Table, wanted: set[tuple[str | None, ...]]) -> None:
    present = {tuple(row) for row in connection.execute(select(table))}
    columns = list(table.columns)
    for row in present - wanted:
        same = (c.is_not_distinct_from(value) for c, value in zip(columns, row, strict=True))
        connection.execute(delete(table).where(and_(*same)))
    names = [column.name for column in columns]
    if missing := [dict(zip(names, row, strict=True)) for row in wanted - present]:
        connection.execute(insert(table), missing)
