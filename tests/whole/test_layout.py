"""Where files lie: one word for a subject on every floor, and no crowded folder."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUBJECTS = {
    "access", "acts", "administration", "consents", "deliveries", "directory", "disclosures",
    "erasure", "evidence", "flows", "inbox", "keys", "log", "referrals", "service", "webhooks",
}  # fmt: skip
"""One word each, on every floor, in URLs, tags of the contract, pages and tests."""
SHARED = {
    "domain": {
        "calendar", "printing", "vocabulary",
        # `referrals`, cut finer: the heart of the domain.
        "messages", "cases", "state_machine", "decisions",
    },
    "adapters": {"database", "embedded_postgres", "printing"},
    "api": {"wire", "contract", "assets", "templates"},
    "cli": {"contract", "database", "processes", "story"},
}  # fmt: skip
"""Folders of a floor that serve several subjects."""
MOST_FILES = 14


def folders(floor: str) -> list[str]:
    return sorted(
        path.name
        for path in (ROOT / "app" / floor).iterdir()
        if path.is_dir() and path.name[0] != "_"
    )


def test_no_folder_holds_more_than_fourteen_python_files() -> None:
    files = Counter(
        path.parent.relative_to(ROOT).as_posix()
        for path in (ROOT / "app").rglob("*.py")
        if path.name != "__init__.py"
    )
    assert not {folder: count for folder, count in files.items() if count > MOST_FILES}


@pytest.mark.parametrize("floor", SHARED)
def test_every_folder_of_a_floor_is_a_subject_or_serves_several(floor: str) -> None:
    assert set(folders(floor)) <= SUBJECTS | SHARED[floor]


@pytest.mark.parametrize("floor", ["domain", "adapters", "api", "cli"])
def test_tests_lie_beside_the_subjects_that_they_test(floor: str) -> None:
    tests = {path.name for path in (ROOT / "tests" / floor).iterdir() if path.is_dir()}
    assert {name for name in tests if name[0] != "_"} <= SUBJECTS | SHARED[floor]


def test_a_file_does_not_repeat_the_name_of_its_folder() -> None:
    repeated = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "app").rglob("*.py")
        if path.stem.startswith(f"{path.parent.name.rstrip('s')}_")
    ]
    assert not repeated


@pytest.mark.parametrize("floor", ["domain", "adapters", "api", "auth", "cli"])
def test_a_class_name_has_one_meaning_on_a_floor(floor: str) -> None:
    names = Counter(
        name
        for path in (ROOT / "app" / floor).rglob("*.py")
        # The body of a message is named after its type on the wire, and stays with its flow.
        if "flows" not in path.relative_to(ROOT / "app").parts[1:]
        for name in re.findall(r"^class (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert not [name for name, count in names.items() if count > 1]
