"""Reads the documentation pages, and splits them for the tests of their content."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LANGUAGES = ("ja", "en")
READMES = {"ja": ROOT / "README.md", "en": ROOT / "README.en.md"}
AT_THE_ROOT = ("README.md", "README.en.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def pages() -> dict[str, str]:
    """The text of every page, by its path from the root."""
    paths = [*(ROOT / name for name in AT_THE_ROOT), *sorted(DOCS.rglob("*.md"))]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in paths}


def code_blocks(text: str, language: str) -> list[str]:
    """The code blocks of a page that are in this language."""
    return [code for named, code in FENCED.findall(text) if named == language]


def spans(text: str) -> list[str]:
    """The code spans of a page, those in its code blocks too."""
    return re.findall(r"`([^`\n]+)`", text)


def without_code(text: str) -> str:
    """A page without code blocks, code spans and anchors."""
    return re.sub(r"`[^`\n]+`|<a id=\"[^\"]*\"></a>", "", FENCED.sub("", text))


def anchors(text: str) -> list[str]:
    """The anchors that a page gives its headings, in their order."""
    return re.findall(r'<a id="([^"]+)"></a>', FENCED.sub("", text))


def headings(text: str) -> list[tuple[str, int]]:
    """Anchor and level of each heading below the title; an empty anchor where there is none."""
    marked = re.findall(
        r'(?:<a id="([^"]+)"></a>\n\n?)?^(#{2,}) ', FENCED.sub("", text), re.MULTILINE
    )
    return [(anchor, len(marks)) for anchor, marks in marked]


def links(text: str) -> list[str]:
    """Where the links of a page lead."""
    return re.findall(r"\]\(([^)\s]+)\)", FENCED.sub("", text))


def tables(text: str) -> Iterator[list[list[str]]]:
    """The tables of a page: the cells of each row, the heading's too."""
    for table in re.findall(r"(?:^\|.*\|\n)+", FENCED.sub("", text), re.MULTILINE):
        rows = [line.strip().strip("|").split(" | ") for line in table.splitlines()]
        yield [rows[0], *rows[2:]]
