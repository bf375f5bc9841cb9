"""`tsunagu flows-docs`: write the pages of the flows from their tables, or say which are stale."""

from collections.abc import Iterator
from pathlib import Path

from app.cli.contract.flow_markdown import contents, page
from app.cli.contract.generated import LANGUAGES, Check, Docs, write
from app.domain.flows import FLOWS


def flows_docs(folder: Docs = Path("docs"), check: Check = False) -> None:
    """流れの頁を表から作る / Write the pages of the flows from their tables."""
    pages = {folder / name: text for name, text in flow_pages()}
    write(pages, "tsunagu flows-docs", check)


def flow_pages() -> Iterator[tuple[str, str]]:
    """Every page that is made from the tables: its name under the folder of docs, its text."""
    for language in LANGUAGES:
        yield f"{language}/flows/README.md", contents(language)
        for name, flow in FLOWS.items():
            yield f"{language}/flows/{name}.md", page(flow, language)
