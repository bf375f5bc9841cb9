"""The national directory as data: complete, consistent, and every code right."""

import csv
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

import app.adapters.directory.data
from app.domain.directory.agencies import KINDS, Agency, Directory
from app.domain.directory.areas import PREFECTURES, is_code

Row = dict[str, str]

FOLDER = Path(app.adapters.directory.data.__path__[0])
IDS = re.compile(r"[a-z]+(-[a-z]+)*(-\d{2}(-[a-z]+)*)?|mhlw|moj")
EACH_AREA_ONCE = ["settlement_center", "probation_office", "prosecutor_district"]


def rows(name: str) -> list[Row]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


AGENCIES = rows("agencies.csv")
JURISDICTIONS = rows("jurisdictions.csv")
MUNICIPALITIES = rows("municipalities.csv")
AREAS = [prefecture.area for prefecture in PREFECTURES.values() if prefecture.code != "01"]
AREAS += [row["code"] for row in MUNICIPALITIES]


def directory() -> Directory:
    return Directory.of(
        Agency(
            row["id"],
            row["kind"],
            row["name"],
            row["prefecture"],
            areas=frozenset(
                (area["flow"] or None, area["area"])
                for area in JURISDICTIONS
                if area["agency_id"] == row["id"]
            ),
        )
        for row in AGENCIES
    )


DIRECTORY = directory()


def day(text: str) -> str:
    return date.fromisoformat(text).isoformat() if text else ""


def twice(values: Iterable[object]) -> list[object]:
    return [value for value, count in Counter(values).items() if count > 1]


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        ("settlement_center", 48),
        ("probation_office", 50),
        ("probation_branch", 3),
        ("prosecutor_district", 50),
        ("bar_association", 52),
        ("prefecture", 47),
        ("prison", 59),
        ("juvenile_prison", 7),
        ("detention_house", 8),
        ("prison_branch", 8),
        ("juvenile_classification_home", 52),
        ("mhlw", 1),
        ("moj", 1),
    ],
)
def test_there_are_as_many_of_each_kind_as_the_field_counts(kind: str, count: int) -> None:
    assert sum(row["kind"] == kind for row in AGENCIES) == count


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("settlement_center", {"01": 2}),
        ("probation_office", {"01": 4}),
        ("prosecutor_district", {"01": 4}),
        ("bar_association", {"01": 4, "13": 3}),
        ("prefecture", {}),
    ],
)
def test_every_prefecture_has_one_of_the_kind_and_some_have_more(
    kind: str, own: dict[str, int]
) -> None:
    counts = Counter(row["prefecture"] for row in AGENCIES if row["kind"] == kind)
    assert counts == {code: own.get(code, 1) for code in PREFECTURES}


def test_ids_and_names_stand_for_one_agency_and_ids_are_readable() -> None:
    assert twice(row["id"] for row in AGENCIES) == []
    assert twice(row["name"] for row in AGENCIES) == []
    assert [row["id"] for row in AGENCIES if not IDS.fullmatch(row["id"])] == []


def test_every_row_is_filled_in() -> None:
    for row in AGENCIES:
        assert row["kind"] in KINDS
        assert row["name"].strip() == row["name"] != ""
        assert row["name_en"].isascii()
        assert row["name_en"] != ""
        assert row["prefecture"] in PREFECTURES
        assert row["connected"] in {"true", "false"}
        assert row["certainty"] in {"verified", "general_knowledge"}
        assert day(row["suspect_support_from"]) == row["suspect_support_from"]
        assert row["poi_code"] == "" or re.fullmatch(r"\d{4}", row["poi_code"])


def test_the_prefecture_stands_in_the_id_where_an_id_has_one() -> None:
    for row in AGENCIES:
        digits = re.search(r"-(\d\d)(-|$)", row["id"])
        assert digits is None or digits[1] == row["prefecture"]


def test_every_code_of_an_area_is_well_formed() -> None:
    places = [row["municipality"] for row in AGENCIES if row["municipality"]]
    assert [code for code in places if not is_code(code)] == []
    assert [row for row in JURISDICTIONS if not is_code(row["area"])] == []
    assert [row for row in MUNICIPALITIES if not is_code(row["code"])] == []


def test_hokkaido_has_its_179_municipalities_each_once() -> None:
    assert len(MUNICIPALITIES) == 179
    assert twice(row["code"] for row in MUNICIPALITIES) == []
    assert twice(row["name"] for row in MUNICIPALITIES) == []
    assert {row["code"][:2] for row in MUNICIPALITIES} == {"01"}
    assert Counter(row["name"][-1] for row in MUNICIPALITIES) == {"市": 35, "町": 129, "村": 15}


def test_jurisdictions_speak_of_known_agencies_and_areas_and_say_nothing_twice() -> None:
    known = {row["id"] for row in AGENCIES}
    assert {row["agency_id"] for row in JURISDICTIONS} <= known
    assert {row["area"] for row in JURISDICTIONS} - {"010006"} <= set(AREAS)
    assert twice(tuple(row.values()) for row in JURISDICTIONS) == []


@pytest.mark.parametrize("kind", EACH_AREA_ONCE)
def test_every_area_of_japan_has_exactly_one_agency_of_the_kind(kind: str) -> None:
    counts = {area: len(DIRECTORY.of_kind([kind], None, area)) for area in AREAS}
    assert counts == dict.fromkeys(AREAS, 1)


def test_every_area_of_japan_has_a_bar_and_tokyo_has_three() -> None:
    counts = {area: len(DIRECTORY.of_kind(["bar_association"], None, area)) for area in AREAS}
    assert counts == {area: 3 if area == "130001" else 1 for area in AREAS}


def test_offices_follow_the_district_courts_in_hokkaido() -> None:
    for row in MUNICIPALITIES:
        for kind, prefix in [
            ("probation_office", "probation"),
            ("prosecutor_district", "prosecutor"),
            ("bar_association", "bar"),
        ]:
            (office,) = DIRECTORY.of_kind([kind], None, row["code"])
            assert office.id == f"{prefix}-01-{row['district_court']}"


def test_the_centers_of_hokkaido_divide_it_by_subprefecture() -> None:
    east = {"釧路", "根室", "十勝", "オホーツク"}
    for row in MUNICIPALITIES:
        (center,) = DIRECTORY.of_kind(["settlement_center"], None, row["code"])
        assert center.id.endswith("kushiro") is (row["subprefecture"] in east)


def test_every_institution_has_one_center_and_one_probation_office_around_it() -> None:
    for row in AGENCIES:
        if row["poi_code"] != "1222":
            continue
        place = DIRECTORY.agency(row["id"])
        assert place is not None
        assert len(DIRECTORY.candidates(["probation_office"], "special_adjustment", place)) == 1
        assert len(DIRECTORY.candidates(["settlement_center"], "special_adjustment", place)) == 1


def test_who_works_with_whom_outside_hokkaido_is_one_to_one() -> None:
    for row in AGENCIES:
        if row["kind"] not in EACH_AREA_ONCE or row["prefecture"] == "01":
            continue
        near = DIRECTORY.agency(row["id"])
        assert near is not None
        for kind in EACH_AREA_ONCE:
            expected = 0 if kind == row["kind"] else 1
            assert len(DIRECTORY.candidates([kind], None, near)) == expected


def test_only_centers_say_since_when_they_support_suspects() -> None:
    since = {row["id"]: row["suspect_support_from"] for row in AGENCIES}
    assert {key: day for key, day in since.items() if day} == {
        "center-27": "2021-08-01",
        "center-36": "2022-04-01",
    }


def test_the_sources_name_every_file_and_say_what_is_uncertain() -> None:
    text = (FOLDER / "SOURCES.md").read_text(encoding="utf-8")
    for name in ("agencies.csv", "jurisdictions.csv", "municipalities.csv"):
        assert name in text
    assert "general_knowledge" in text
