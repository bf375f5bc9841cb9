"""`tsunagu openapi`: the published contract, written to its files or compared with them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from app.api.contract.contract import Contract
from app.main import create_app
from app.settings import Settings

FOLDER = Path(__file__).parents[3] / "openapi"

Check = Annotated[bool, typer.Option("--check", help="確かめるだけ / fail if one is stale")]


def openapi(check: Check = False) -> None:
    """契約を openapi/ に日本語と英語で書く / Write the contract as the service has it."""
    for file, text in _files():
        if not check:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != text:
            name = f"{file.parent.name}/{file.name}"
            typer.echo(f"{name} is not what the service has. Run `make openapi`.", err=True)
            raise typer.Exit(1)


def _files() -> Iterator[tuple[Path, str]]:
    contract: Contract = create_app(Settings()).state.contract
    for name, document in (
        ("openapi.json", contract.document("ja")),
        ("openapi.en.json", contract.document("en")),
    ):
        yield FOLDER / name, json.dumps(document, ensure_ascii=False, indent=1) + "\n"
