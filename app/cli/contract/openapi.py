"""`tsunagu openapi`: the published contract, written to its files or compared with them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from app.api.contract.contract import Contract
from app.cli.contract.compatibility import breaks, is_new_major
from app.main import create_app
from app.settings import Settings

FOLDER = Path(__file__).parents[3] / "openapi"
RELEASED = "released.json"
"""The contract that clients were last told of."""

Check = Annotated[
    bool,
    typer.Option("--check", help="確かめるだけ / fail if a file is stale, or a client would break"),
]
Release = Annotated[
    bool, typer.Option("--release", help="公開した版とする / make it the one to compare with")
]


def openapi(check: Check = False, release: Release = False) -> None:
    """契約を openapi/ に日本語と英語で書く / Write the contract as the service has it."""
    contract: Contract = create_app(Settings()).state.contract
    if check:
        _check_fresh(contract)
        _check_compatible(contract.document("ja"))
        return
    FOLDER.mkdir(exist_ok=True)
    for name, text in _files(contract):
        (FOLDER / name).write_text(text, encoding="utf-8")
    if release:
        (FOLDER / RELEASED).write_text(_text(contract.document("ja")), encoding="utf-8")


def _check_fresh(contract: Contract) -> None:
    for name, text in _files(contract):
        file = FOLDER / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            _fail(f"openapi/{name} is not what the service has. Run `make openapi`.")


def _check_compatible(document: dict[str, Any]) -> None:
    file = FOLDER / RELEASED
    if not file.exists():
        _fail(f"openapi/{RELEASED} is not there. Run `tsunagu openapi --release`.")
    released = json.loads(file.read_text(encoding="utf-8"))
    broken = breaks(released, document)
    if broken and not is_new_major(released, document):
        _fail("Clients of the released contract would break:", *broken)


def _fail(*lines: str) -> NoReturn:
    typer.echo("\n  ".join(lines), err=True)
    raise typer.Exit(1)


def _files(contract: Contract) -> Iterator[tuple[str, str]]:
    yield "openapi.json", _text(contract.document("ja"))
    yield "openapi.en.json", _text(contract.document("en"))


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
