"""What all declared tables have in common: names and types as PostgreSQL itself gives them."""

from typing import ClassVar

from sqlalchemy import DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

TEXTS = ARRAY(Text)


class Row(SQLModel):
    """A row of one of our tables."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
        }
    )


def use_plain_types(metadata: MetaData) -> None:
    """Put `text` and `timestamptz` where SQLModel has types of its own.

    Its strings are `varchar`, which no table of ours has, and a migration that Alembic drafts
    would have to import SQLModel to name its times.
    """
    for column in (column for table in metadata.tables.values() for column in table.columns):
        if isinstance(column.type, AutoString):
            column.type = Text()
        elif isinstance(column.type, UTCDateTime):
            column.type = DateTime(timezone=True)
