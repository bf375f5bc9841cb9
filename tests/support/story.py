"""A whole service for the story and the docs: `tsunagu run` in a folder of its own."""

import functools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.support.command_line import cli

LISTENS = "listens on "


@dataclass(frozen=True)
class Service:
    """A running service: where it listens, and its data folder with the demo clients."""

    url: str
    data_dir: Path

    @property
    def clients(self) -> Path:
        return self.data_dir / "demo-clients.json"


@pytest.fixture(scope="session")
def whole_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that runs for all tests of this folder."""
    data_dir = tmp_path_factory.mktemp("service") / "data"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TSUNAGU_")}
    with subprocess.Popen(
        [sys.executable, "-m", "app.cli", "run", "--until-parent-ends"],
        env=environment
        | {"TSUNAGU_DATA_DIR": str(data_dir), "TSUNAGU_PORT": "0"}
        | {"TSUNAGU_SHUTDOWN_GRACE": "PT1S"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        where = next(line for line in lines if LISTENS in line)
        yield Service(where.partition(LISTENS)[2].strip(), data_dir)
        process.terminate()
        process.communicate()


@pytest.fixture(scope="session")
def story(whole_service: Service) -> Callable[[str], Result]:
    """`story(language)`: the output of `tsunagu demo`, which runs once for each language."""

    @functools.cache
    def tell(language: str) -> Result:
        where = ["--url", whole_service.url, "--clients", str(whole_service.clients)]
        return CliRunner().invoke(cli, ["demo", *where, "--lang", language])

    return tell
