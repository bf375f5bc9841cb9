"""The audit of our packages fails for what is known, and is loud where it cannot look."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
KNOWN = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2"]}


def run_audit(answer: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """The audit with a pip-audit that prints this."""
    (tmp_path / "answer").write_text(answer)
    return subprocess.run(
        [sys.executable, ROOT / "requirements/audit.py", sys.executable, "-c",
         f"print(open({str(tmp_path / 'answer')!r}).read())"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def package(**fields: Any) -> str:
    return json.dumps({"dependencies": [{"name": "jose", "version": "1", **fields}], "fixes": []})


def test_a_known_fault_fails_and_is_named(tmp_path: Path) -> None:
    result = run_audit(package(vulns=[KNOWN]), tmp_path)
    assert result.returncode == 1
    assert "jose 1: PYSEC-1, CVE-1 (fixed in 2)" in result.stderr


def test_where_nothing_is_known_it_says_of_how_many(tmp_path: Path) -> None:
    result = run_audit(package(vulns=[]), tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert "1 packages, 0 unknown, 0 known faults" in result.stdout


@pytest.mark.parametrize("answer", ["", "Traceback", package(skip_reason="not found")])
def test_where_it_cannot_look_it_is_loud(tmp_path: Path, answer: str) -> None:
    result = run_audit(answer, tmp_path)
    assert result.returncode == 0
    assert "NOT CHECKED" in result.stderr


def test_the_audit_is_a_part_of_all_checks() -> None:
    assert "check: check-static test audit" in (ROOT / "Makefile").read_text()
    assert "make audit" in (ROOT / ".ci/run").read_text()
