"""Fills a new database with the national directory that comes with the service."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.adapters.directory.cache import Connection

_CENTER = "settlement_center"
_AGENCIES = """
    INSERT INTO agency (id, kind, name, name_en, prefecture, poi_code, connected, services, note)
    SELECT * FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[],
        $8::text[]::jsonb[], $9::text[]
    )
    ON CONFLICT (id) DO NOTHING
    RETURNING id
"""
_JURISDICTIONS = """
    INSERT INTO jurisdiction (agency_id, flow, area)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
"""


@dataclass(frozen=True, slots=True)
class SeedCounts:
    """How many rows were new."""

    agencies: int
    jurisdictions: int


async def seed(connection: "Connection") -> SeedCounts:
    """Add the agencies of the national directory that are missing, with their jurisdiction.

    Agencies that exist are left as they are: administrators know better than our file, and an area
    that they removed from an agency does not come back.
    """
    columns = list(zip(*map(_agency, _rows("agencies.csv")), strict=True))
    async with connection.transaction():
        new = {row["id"] for row in await connection.fetch(_AGENCIES, *columns)}
        areas = [
            (row["agency_id"], row["flow"] or None, row["area"])
            for row in _rows("jurisdictions.csv")
            if row["agency_id"] in new
        ]
        if areas:
            await connection.execute(_JURISDICTIONS, *zip(*areas, strict=True))
    return SeedCounts(len(new), len(areas))


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("app.adapters.directory.data").joinpath(name).read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())


def _agency(row: dict[str, str]) -> tuple[object, ...]:
    return (
        row["id"],
        row["kind"],
        row["name"],
        row["name_en"] or None,
        row["prefecture"],
        row["poi_code"] or None,
        row["connected"] == "true",
        json.dumps(_services(row)),
        row["note"] or None,
    )


def _services(row: dict[str, str]) -> dict[str, str | None]:
    since = row["suspect_support_from"] or None
    return {"suspect_support": since} if row["kind"] == _CENTER else {}
