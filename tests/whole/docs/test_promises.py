"""What README and docs promise is true: commands, settings, files, links, calls and the story."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.main import get_command
from typer.testing import Result

from app.cli.contract.settings_pages import as_environment_value
from app.cli.evidence.verification import Baseline, verify
from app.settings import Settings
from tests.support.command_line import cli
from tests.support.pages import LANGUAGES, READMES, ROOT, anchors, code_blocks, links, pages, spans
from tests.support.story import Service

PAGES = pages()
NOT_SETTINGS = {"TSUNAGU_TEST_DATABASE_URL", "TSUNAGU_CLIENT_SECRET"}


def commands_after(command: str) -> set[str]:
    """What follows `command` wherever the pages tell somebody to run it."""
    code = [c for page in PAGES.values() for c in (*code_blocks(page, "sh"), *spans(page))]
    return {rest for c in code for rest in re.findall(rf"(?:^|[\s/]){command} ([^\n|#`]+)", c)}


def test_the_makefile_has_every_target_that_is_named() -> None:
    targets = set(re.findall(r"^([.a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {rest.split()[0] for rest in commands_after("make")}
    assert {"run", "demo", "test", "check", "bench", "openapi"} <= named
    assert named <= targets


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
@pytest.mark.parametrize("target", [["run"], ["demo", "CLIENTS=x"]], ids=["run", "demo"])
def test_what_make_runs_is_a_command_with_these_options(target: list[str]) -> None:
    # Below another make, it would also say where it is.
    make = ["make", "--dry-run", "--no-print-directory", *target]
    printed = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    program, name, *rest = shlex.split(printed.splitlines()[-1])
    assert program == ".venv/bin/tsunagu"
    group: Any = get_command(cli)
    options = {option for each in group.commands[name].params for option in each.opts}
    assert {word for word in rest if word.startswith("-")} <= options


def test_the_command_line_has_every_command_that_is_named() -> None:
    named = {tuple(rest.split()) for rest in commands_after("tsunagu")}
    assert {("migrate",), ("serve",), ("worker",)} <= {words[:1] for words in named}
    for words in named:
        command: Any = get_command(cli)
        for word in words:
            if not hasattr(command, "commands"):
                break
            assert word in command.commands, f"there is no tsunagu {' '.join(words)}"
            command = command.commands[word]
        options = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
        assert {w.partition("=")[0] for w in words if w.startswith("--")} <= options


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_setting_stands_in_the_table_with_its_default(language: str) -> None:
    page = PAGES[f"docs/{language}/settings.md"]
    rows = re.findall(r"^\| `TSUNAGU_(\w+)` \| (.*?) \| .+ \|$", page, re.MULTILINE)
    table = {name.lower(): default for name, default in rows}
    assert set(table) == set(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        if field.default is not None:
            assert table[name] == f"`{as_environment_value(field.default)}`"


def test_every_variable_that_is_named_is_a_setting() -> None:
    settings = {f"TSUNAGU_{name.upper()}" for name in Settings.model_fields}
    files = [*PAGES.values(), *((ROOT / f).read_text() for f in ("compose.yaml", "Dockerfile"))]
    named = {name for text in files for name in re.findall(r"TSUNAGU_[A-Z_]+[A-Z]", text)}
    assert named - NOT_SETTINGS <= settings


@pytest.mark.parametrize("page", PAGES)
def test_links_and_named_files_are_there(page: str) -> None:
    for target in links(PAGES[page]):
        if not target.startswith(("http://", "https://")):
            path, _, anchor = target.partition("#")
            linked = (ROOT / page).parent.joinpath(path) if path else ROOT / page
            assert linked.exists(), f"{page} links to {target}"
            if anchor:
                assert anchor in anchors(linked.read_text(encoding="utf-8")), f"{page}: {target}"
    folders = r"(?:app|docs|tests|alembic|openapi)/[\w./-]*\w"
    for named in re.findall(rf"(?<![\w/]){folders}", " ".join(spans(PAGES[page]))):
        assert (ROOT / named).exists(), f"{page} speaks of {named}"


def test_every_call_that_is_named_is_in_the_contract(whole_service: Service) -> None:
    # A process of lower priority makes it, when it is first asked for.
    paths = httpx.get(f"{whole_service.url}/openapi.json", timeout=60).json()["paths"]
    there = {(verb.upper(), _shape(path)) for path, verbs in paths.items() for verb in verbs}
    named = {
        (verb, _shape(path))
        for page, text in PAGES.items()
        if "/flows/" not in page
        for verb, path in re.findall(r"\b(GET|POST) (/[\w/{}.-]+)", text)
    }
    assert len(named) > 5
    assert named <= there


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_curl_commands_work_as_they_are_pasted(
    whole_service: Service, tmp_path: Path, language: str
) -> None:
    blocks = code_blocks(PAGES[f"docs/{language}/tutorial.md"], "sh")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    result = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", "\n".join(blocks)],
        env=os.environ | {"URL": whole_service.url, "CLIENTS": str(whole_service.clients)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert len(re.findall("curl", "".join(blocks))) >= 9
    for answer in (
        '"state": "consulted"',  # the opening is accepted
        "\n200\n",  # and is one message when it is sent again
        '"detention_day1": "2026-11-20"',  # the office opens it
        '"acknowledged_by": "probation-13.case_worker"',
        '"title": "Not found"',  # the center finds nothing
        '"would"',
        '"verdict": "verified"',  # with the service's keys
    ):
        assert answer in result.stdout, answer
    assert re.findall('"status": [45]', result.stdout) == ['"status": 4']
    assert not verify((tmp_path / "bundle.zip").read_bytes(), Baseline()).problems


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_story_on_the_pages_is_real_output(
    story: Callable[[str], Result], language: str
) -> None:
    real = {_without_days(line) for line in story(language).output.splitlines()}
    (excerpt,) = code_blocks(READMES[language].read_text(encoding="utf-8"), "text")
    scenes = code_blocks(PAGES[f"docs/{language}/story.md"], "text")
    assert len(excerpt.splitlines()) == 6
    assert len(scenes) > 8
    for line in "".join([excerpt, *scenes]).splitlines():
        assert not line.strip() or _without_days(line) in real, line


def _shape(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


def _without_days(line: str) -> str:
    """The line without what differs from day to day."""
    line = re.sub(r"\((月|火|水|木|金|土|日)\)|\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b", "", line)
    return re.sub(r"\d+", "0", line).strip()
