"""The directory: who is responsible where, and for what."""

import pytest

from app.domain.directory.agencies import Agency, Directory

TOKYO, OSAKA, HOKKAIDO = "130001", "270008", "010006"
SAPPORO, HAKODATE, KUSHIRO, ABASHIRI = "011002", "012025", "012068", "012114"


def agency(agency_id: str, kind: str, *areas: str, disabled: bool = False) -> Agency:
    rows = frozenset((None, area) for area in areas)
    return Agency(agency_id, kind, agency_id, areas[0][:2], areas=rows, disabled=disabled)


WEST = agency("center-west", "center", SAPPORO, HAKODATE)
EAST = agency("center-east", "center", KUSHIRO, ABASHIRI)
METRO = agency("center-13", "center", TOKYO)
OFFICES = (
    agency("office-sapporo", "office", SAPPORO),
    agency("office-hakodate", "office", HAKODATE),
    agency("office-kushiro", "office", KUSHIRO, ABASHIRI),
    agency("office-13", "office", TOKYO),
)
PRISON = agency("prison-abashiri", "prison", ABASHIRI)
BARS = (agency("bar-a", "bar", TOKYO), agency("bar-b", "bar", TOKYO))
CLOSED = agency("center-00-old", "center", TOKYO, disabled=True)
DIRECTORY = Directory.of([METRO, WEST, EAST, *OFFICES, PRISON, *BARS, CLOSED])


def ids(agencies: tuple[Agency, ...]) -> list[str]:
    return [found.id for found in agencies]


def test_an_agency_is_found_by_its_id_even_when_it_is_disabled() -> None:
    assert DIRECTORY.agency("center-13") is METRO
    assert DIRECTORY.agency("center-00-old") is CLOSED
    assert DIRECTORY.agency("center-99") is None


def test_a_municipality_is_served_by_the_agency_of_its_prefecture() -> None:
    assert ids(DIRECTORY.of_kind(["center"], None, "131016")) == ["center-13"]


def test_a_prefecture_with_two_centers_is_answered_with_both() -> None:
    assert ids(DIRECTORY.of_kind(["center"], None, HOKKAIDO)) == ["center-east", "center-west"]
    assert ids(DIRECTORY.of_kind(["center"], None, KUSHIRO)) == ["center-east"]


def test_a_ward_of_sapporo_is_served_by_who_serves_sapporo() -> None:
    assert ids(DIRECTORY.of_kind(["center", "office"], None, "011011")) == [
        "center-west",
        "office-sapporo",
    ]


def test_an_area_without_agency_has_no_candidates() -> None:
    assert DIRECTORY.of_kind(["center"], None, OSAKA) == ()


def test_a_disabled_agency_is_no_candidate() -> None:
    assert ids(DIRECTORY.of_kind(["center"], None, TOKYO)) == ["center-13"]
    assert not DIRECTORY.serves(CLOSED, None, [TOKYO])


def test_candidates_are_those_whose_area_overlaps_and_come_in_order() -> None:
    assert ids(DIRECTORY.candidates(["center", "office"], None, PRISON)) == [
        "center-east",
        "office-kushiro",
    ]
    assert ids(DIRECTORY.candidates(["office"], None, WEST)) == [
        "office-hakodate",
        "office-sapporo",
    ]
    assert ids(DIRECTORY.candidates(["bar"], None, METRO)) == ["bar-a", "bar-b"]


def test_an_agency_is_no_candidate_for_itself() -> None:
    assert DIRECTORY.candidates(["center"], None, METRO) == ()


def test_candidates_are_found_once() -> None:
    directory = Directory.of([METRO, *BARS])
    first = directory.candidates(["bar"], None, METRO)
    assert directory.candidates({"bar"}, None, METRO) is first


def test_what_an_earlier_directory_knew_of_an_agency_does_not_answer_for_the_present_one() -> None:
    moved = agency("center-13", "center", KUSHIRO)
    directory = Directory.of([moved, *OFFICES])
    assert ids(directory.candidates(["office"], None, METRO)) == ["office-13"]
    assert ids(directory.candidates(["office"], None, moved)) == ["office-kushiro"]


def test_a_row_for_one_flow_counts_for_that_flow_beside_the_rows_for_all() -> None:
    both = Agency(
        "office-x", "office", "x", "13", areas=frozenset({(None, TOKYO), ("defence", OSAKA)})
    )
    directory = Directory.of([both])
    assert ids(directory.of_kind(["office"], "defence", OSAKA)) == ["office-x"]
    assert ids(directory.of_kind(["office"], "defence", TOKYO)) == ["office-x"]
    assert directory.of_kind(["office"], "suspect", OSAKA) == ()
    assert directory.of_kind(["office"], None, OSAKA) == ()
    assert both.areas_for("defence") == {TOKYO, OSAKA}
    assert both.areas_for("suspect") == {TOKYO}


@pytest.mark.parametrize(
    ("who", "areas", "served"),
    [
        (EAST, [KUSHIRO], True),
        (EAST, [SAPPORO], False),
        (EAST, [SAPPORO, KUSHIRO], True),
        (EAST, [HOKKAIDO], True),
        (METRO, ["131016"], True),
        (METRO, [], False),
    ],
)
def test_an_agency_serves_areas_if_it_is_responsible_for_one(
    who: Agency, areas: list[str], served: bool
) -> None:
    assert DIRECTORY.serves(who, None, areas) is served


def test_the_directory_is_in_the_order_of_ids() -> None:
    assert ids(DIRECTORY.agencies) == sorted(ids(DIRECTORY.agencies))
