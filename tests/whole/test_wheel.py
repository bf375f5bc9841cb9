"""A wheel holds the whole service, and leaves the name `app` to others."""

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("alembic", "app", "tsunagu")
"""The folders of the repository that a wheel holds."""
SOMEBODY_ELSES = "raise ImportError('the app of somebody else')"
LISTENS = "listens on "
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    offline = ("--no-deps", "--no-build-isolation", "--no-index")
    subprocess.run([*PIP, "wheel", *offline, "--wheel-dir", folder, ROOT], check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel, an `app` of somebody else, and the packages of this
    run in place of those that a registry would give."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True)
    paths = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", paths))
    alone = ("--no-deps", "--no-index", "--no-compile")
    python = folder / "bin" / "python"
    subprocess.run([*PIP, "--python", python, "install", *alone, wheel], check=True)
    (packages / "app").mkdir()
    (packages / "app" / "__init__.py").write_text(SOMEBODY_ELSES)
    (packages / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A working directory outside the repository, in which, too, lies somebody else's `app`."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text(SOMEBODY_ELSES)
    return tmp_path


def environment(**more: str) -> dict[str, str]:
    ours = ("TSUNAGU_", "PYTHON")
    return {k: v for k, v in os.environ.items() if not k.startswith(ours)} | more


def sources() -> Iterator[Path]:
    for folder in SOURCES:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT)


def test_it_holds_every_source_as_it_is_and_nothing_beside_its_own_folder(wheel: Path) -> None:
    expected = {
        ("" if path.parts[0] == "tsunagu" else "tsunagu/") + path.as_posix(): (
            ROOT / path
        ).read_bytes()
        for path in sources()
    }
    with ZipFile(wheel) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    assert {name.partition("/")[0].partition("-")[0] for name in content} == {"tsunagu"}
    assert {name: content.get(name) for name in expected} == expected


def test_app_is_somebody_elses(installed: Path, elsewhere: Path) -> None:
    result = subprocess.run(
        [installed / "bin" / "python", "-c", "import tsunagu, app"],
        cwd=elsewhere,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "the app of somebody else" in result.stderr


def test_the_service_runs_from_it(installed: Path, elsewhere: Path) -> None:
    """`run` migrates, fills in the directory, and starts the API and the worker."""
    with subprocess.Popen(
        [installed / "bin" / "tsunagu", "run", "--until-parent-ends"],
        cwd=elsewhere,
        env=environment(
            TSUNAGU_DATA_DIR=str(elsewhere / "data"),
            TSUNAGU_PORT="0",
            TSUNAGU_SHUTDOWN_GRACE="PT1S",
        ),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        where = next(line for line in process.stdout if LISTENS in line).partition(LISTENS)[2]
        try:
            for path in ("/readyz", "/docs", "/assets/favicon.svg"):
                assert status(where, path) == 200
        finally:
            process.terminate()
            process.communicate()


def status(url: str, path: str) -> int:
    connection = HTTPConnection(str(urlsplit(url.strip()).netloc), timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()
