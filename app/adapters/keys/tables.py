"""Master keys that are no longer used, and those whose removal was approved."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from app.adapters.database.row import Row


class MasterUnusedRow(Row, table=True):
    """An old master key that wraps nothing any more, and since when."""

    __tablename__ = "master_unused"
    __table_args__ = {  # noqa: RUF012 - as SQLAlchemy wants it
        "comment": "Old master keys that nothing is under any more:"
        " backups may hold rows from before `since`."
    }

    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    since: datetime


class MasterRetirementRow(Row, table=True):
    """A master key that two operators retired: workers remove it when no backup needs it."""

    __tablename__ = "master_retirement"

    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    act_id: UUID
    approved_at: datetime
    done_at: datetime | None = Field(
        sa_column_kwargs={"comment": "When the first worker had removed the key."}
    )
