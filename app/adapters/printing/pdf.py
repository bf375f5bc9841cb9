"""Renders typeset pages as a PDF with its Japanese font embedded: equal pages give equal bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from fpdf import FPDF
from pylopdf_fonts_jp import sans_path

from app.adapters.printing.typesetting import (
    LEFT,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    RIGHT,
    Block,
    Letters,
    Mark,
    Measure,
    Typesetter,
)

_FONT = "sans"
_FOOT = 9.0
"""Points."""
_LIGHT = 238
"""The grey under headings, of 255."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document to print. Each page has `foot` at its bottom left, and its number at the right."""

    title: str
    language: str
    blocks: Sequence[Block]
    foot: str
    made_at: datetime
    ruby: bool


def render_pdf(document: Document) -> bytes:
    """The document as a PDF of A4 pages. Takes 0.1 s or more: do not call it in the event loop."""
    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.set_creation_date(document.made_at)
    pdf.set_title(document.title)
    pdf.set_lang(document.language)
    pdf.set_producer("Tsunagu")
    pdf.add_font(_FONT, fname=sans_path())
    pdf.set_line_width(0.2)
    pdf.set_draw_color(120)
    pdf.set_fill_color(_LIGHT)

    @lru_cache(maxsize=20_000)
    def measure(text: str, size: float) -> float:
        pdf.set_font(_FONT, size=size)
        width: float = pdf.get_string_width(text)
        return width

    setter = Typesetter(measure, document.ruby)
    setter.place(document.blocks)
    for number, marks in enumerate(setter.pages, start=1):
        pdf.add_page()
        for mark in marks:
            _draw(pdf, mark)
        _foot(pdf, document.foot, f"{number} / {len(setter.pages)}", measure)
    return bytes(pdf.output())


def _draw(pdf: FPDF, mark: Mark) -> None:
    if isinstance(mark, Letters):
        pdf.set_font(_FONT, size=mark.size)
        pdf.text(mark.x, mark.y, mark.text)
    else:
        pdf.rect(mark.x, mark.y, mark.width, mark.height, style="F" if mark.filled else "D")


def _foot(pdf: FPDF, left: str, right: str, measure: Measure) -> None:
    pdf.set_font(_FONT, size=_FOOT)
    y = PAGE_HEIGHT - 12.0
    pdf.line(LEFT, y - 5.0, PAGE_WIDTH - RIGHT, y - 5.0)
    pdf.text(LEFT, y, left)
    pdf.text(PAGE_WIDTH - RIGHT - measure(right, _FOOT), y, right)
