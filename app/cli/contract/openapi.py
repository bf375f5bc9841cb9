"""`tsunagu openapi`: the published contract, written to its file or compared with it."""

import json
from pathlib import Path
from typing import Annotated

import typer

from app.main import create_app
from app.settings import Settings

FILE = Path(__file__).parents[3] / "openapi" / "openapi.json"

Check = Annotated[bool, typer.Option("--check", help="確かめるだけ / fail if it is stale")]


def openapi(check: Check = False) -> None:
    """契約を openapi/openapi.json に書く / Write the contract as the service has it."""
    text = json.dumps(create_app(Settings()).openapi(), ensure_ascii=False, indent=1) + "\n"
    if not check:
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(text, encoding="utf-8")
        return
    if not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
        typer.echo(
            "openapi/openapi.json is not what the service has. Run `make openapi`.", err=True
        )
        raise typer.Exit(1)
