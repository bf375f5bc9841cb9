"""Pages that are made from the code: written to the folder of docs, or compared with it."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

LANGUAGES = ("ja", "en")
Docs = Annotated[Path, typer.Option("--folder", help="頁の置き場所 / where the pages lie")]
Check = Annotated[bool, typer.Option("--check", help="確かめるだけ / fail if a page is stale")]


def write(pages: Mapping[Path, str], command: str, check: bool) -> None:
    """Write the pages.

    Args:
        pages: the text of each file.
        command: what makes them, to be named where they are stale.
        check: writes nothing, and compares instead.

    Raises:
        SystemExit: `check` found a page that is missing or has another text.
    """
    if check:
        stale = [str(path) for path, text in pages.items() if _read(path) != text]
        if stale:
            sys.exit(f"Stale: {', '.join(stale)}. Run `{command}`.")
        return
    for path, text in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def in_the_other_language(page: str, language: str) -> str:
    """A link from a page to its twin: `page` is its name in its language's folder."""
    up = "../" * (page.count("/") + 1)
    return f"[English]({up}en/{page})" if language == "ja" else f"[日本語]({up}ja/{page})"


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
