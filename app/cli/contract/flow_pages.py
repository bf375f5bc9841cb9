"""`tsunagu flows-docs`: write the pages of the flows from their tables, or say which are stale."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.domain.flows import FLOWS
from app.domain.state_machine.pages import page

Folder = Annotated[Path, typer.Option(help="頁の置き場所 / where the pages lie")]
Check = Annotated[bool, typer.Option("--check", help="確かめるだけ / fail if a page is stale")]


def flows_docs(folder: Folder = Path("docs/flows"), check: Check = False) -> None:
    """流れの頁を表から作る / Write docs/flows from the tables."""
    pages = {folder / f"{name}.md": page(flow) for name, flow in FLOWS.items()}
    pages[folder / "README.md"] = contents()
    if check:
        stale = [str(path) for path, text in pages.items() if written(path) != text]
        if stale:
            sys.exit(f"Stale: {', '.join(stale)}. Run `tsunagu flows-docs`.")
        return
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8")


def contents() -> str:
    """The list of the pages."""
    lines = ["# 流れの一覧 — the flows", ""]
    for name, flow in FLOWS.items():
        count = len(flow.bodies)
        lines.append(f"* [{flow.title.ja} — {flow.title.en}]({name}.md): {count} messages")
    return "\n".join([*lines, ""])


def written(path: Path) -> str | None:
    """What stands in a file, if it is there."""
    return path.read_text(encoding="utf-8") if path.exists() else None
