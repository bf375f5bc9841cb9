"""`tsunagu verify` and the stand-alone verifier as commands, with no network and no settings."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from app.domain.evidence.bundle import CHECKPOINT, LOG_KEYS, RECEIPT_KEYS
from app.domain.log.signed_note import VerifierKey
from tests.api.evidence.played import CENTER, STANDALONE, edit_bundle, files_of, json_of
from tests.support.command_line import cli

ROOT = Path(__file__).parents[3]
OURS = [sys.executable, "-m", "app.cli", "verify"]
THEIRS = [sys.executable, str(STANDALONE)]


@pytest.fixture(scope="module")
def folder(bundles: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a good bundle, a bad one, and the keys as the service publishes them."""
    path = tmp_path_factory.mktemp("bundles")
    data = bundles[CENTER]
    file = json_of(data)["messages"][1]["file"]
    (path / "good.zip").write_bytes(data)
    (path / "bad.zip").write_bytes(edit_bundle(data, lambda files: files.pop(file)))
    (path / "jwks.json").write_bytes(files_of(data)[RECEIPT_KEYS])
    (path / "log.txt").write_bytes(files_of(data)[LOG_KEYS])
    (path / "old.txt").write_bytes(files_of(data)[CHECKPOINT])
    return path


def run_alone(command: list[str], folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a command in that folder, with nothing in the environment but the path of our package."""
    environment = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [*command, *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def run_verify(*options: object) -> Result:
    """Run our command in this process."""
    return CliRunner().invoke(cli, ["verify", *map(str, options)])


def test_it_needs_nothing_but_the_bundle(folder: Path) -> None:
    good = run_alone(OURS, folder, "good.zip")
    assert good.returncode == 2, good.stderr
    assert good.stdout.startswith("おかしな点はありません")
    theirs = run_alone(THEIRS, folder, "good.zip")
    assert theirs.returncode == 2, theirs.stderr
    answer = json.loads(theirs.stdout)
    assert answer["lacking"] == ["keys_not_pinned"]
    # Both say which keys are in the bundle, and how to give those of the service.
    for key in [*answer["receipt_keys"], *answer["log_keys"]]:
        assert key in good.stdout
    for said in (good.stdout, answer["hint"]):
        assert "--keys" in said
        assert "--log-key" in said


def test_the_command_names_the_file_in_either_language(folder: Path) -> None:
    file = json_of((folder / "good.zip").read_bytes())["messages"][1]["file"]
    bad = run_verify(folder / "bad.zip", "--lang", "en")
    assert bad.exit_code == 1
    assert bad.stdout.startswith("Not to be trusted")
    assert f"{file}: the file is missing [missing]" in bad.stdout
    assert f"{file}: ファイルがない [missing]" in run_verify(folder / "bad.zip").stdout


def another_key() -> str:
    """A key of the log from before, as it is published beside the one that signs now."""
    key = Ed25519PrivateKey.generate().public_key()
    return str(VerifierKey("tsunagu.test/log", key.public_bytes_raw()))


def test_with_keys_and_a_checkpoint_from_elsewhere_nothing_is_left_to_compare(
    folder: Path,
) -> None:
    log_keys = f"{another_key()}\n{(folder / 'log.txt').read_text()}"
    options = ["--keys", folder / "jwks.json", "--log-key", log_keys]
    options += ["--checkpoint", folder / "old.txt"]
    good = run_verify(folder / "good.zip", *options, "--since", folder / "good.zip", "--json")
    assert good.exit_code == 0, good.output
    assert json.loads(good.stdout)["warnings"] == []
    theirs = run_alone(THEIRS, folder, "good.zip", *map(str, options))
    assert theirs.returncode == 0, theirs.stderr
    assert json.loads(theirs.stdout)["verdict"] == "verified"


def test_keys_with_a_byte_order_mark_are_the_same_keys(folder: Path) -> None:
    (folder / "bom.json").write_bytes(b"\xef\xbb\xbf" + (folder / "jwks.json").read_bytes())
    options = ["--keys", str(folder / "bom.json"), "--log-key", (folder / "log.txt").read_text()]
    assert run_verify(folder / "good.zip", *options).exit_code == 0
    assert run_alone(THEIRS, folder, "good.zip", *options).returncode == 0


def test_a_set_without_a_key_pins_nothing(folder: Path) -> None:
    (folder / "none.json").write_bytes(b'{"keys": []}')
    assert run_verify(folder / "good.zip", "--keys", folder / "none.json").exit_code == 2
    assert run_alone(THEIRS, folder, "good.zip", "--keys", "none.json").returncode != 0


def test_both_commands_name_the_same_first_bad_thing(folder: Path) -> None:
    bad, theirs = run_verify(folder / "bad.zip", "--json"), run_alone(THEIRS, folder, "bad.zip")
    assert bad.exit_code == theirs.returncode == 1
    first = json.loads(bad.stdout)["problem"]
    (their_first,) = json.loads(theirs.stdout)["problems"]
    assert {name: first[name] for name in ("code", "file")} == their_first


@pytest.mark.parametrize(
    "options",
    [["nowhere.zip"], ["good.zip", "--keys", "good.zip"], ["good.zip", "--log-key", "x"], []],
)
def test_what_cannot_be_carried_out_is_told_apart_from_what_is_wrong(
    folder: Path, options: list[str]
) -> None:
    files = [str(folder / each) if each.endswith(".zip") else each for each in options]
    assert run_verify(*files).exit_code == 2


def test_the_stand_alone_verifier_is_short_and_stands_alone() -> None:
    text = STANDALONE.read_text()
    assert len(text.splitlines()) < 350
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(text))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}
