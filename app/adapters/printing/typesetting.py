"""Sets text with furigana on pages: lines, paragraphs, tables that continue on the next page.

It measures and places, and knows no file format: `pdf.py` draws the result. Lines break at spaces,
which separate words in plain Japanese; a word longer than a line breaks anywhere.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from app.domain.printing.ruby import Run, runs

Measure: TypeAlias = Callable[[str, float], float]
"""The width of a text at a size: millimetres, points."""

PAGE_WIDTH, PAGE_HEIGHT = 210.0, 297.0
LEFT, RIGHT, TOP, BOTTOM = 18.0, 18.0, 16.0, 22.0
WIDTH = PAGE_WIDTH - LEFT - RIGHT
RUBY = 0.5
"""The size of a reading, as a part of the size of what it is over."""
_POINT = 25.4 / 72
"""Millimetres."""
_PADDING = 2.0
_GAP = 3.0
"""Above and below a heading: millimetres."""


@dataclass(frozen=True, slots=True)
class Letters:
    """Text on a page: where its left end and its base line are."""

    x: float
    y: float
    size: float
    text: str


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, grey or framed."""

    x: float
    y: float
    width: float
    height: float
    filled: bool


Mark: TypeAlias = Letters | Box


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A few lines that stay on one page; `indent` in millimetres, `sign` before the first line."""

    text: str
    size: float = 13.0
    after: float = 2.0
    indent: float = 0.0
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A line on grey, on the same page as the block that follows it."""

    text: str
    size: float = 15.0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading and a head, which are repeated where the table continues on a new page.

    A row stays on one page, so none may be higher than a page.
    """

    heading: str
    again: str
    """The heading on a page where the table continues."""
    head: tuple[str, ...]
    rows: Sequence[tuple[tuple[str, ...], ...]]
    """Each cell as paragraphs."""
    widths: tuple[float, ...]
    """Of the columns: millimetres."""
    size: float = 12.0


Block: TypeAlias = Paragraph | Heading | Table
Line: TypeAlias = list[tuple[float, Run]]
"""Runs, each with its distance from the line's left end."""


@dataclass(slots=True)
class Typesetter:
    """Places blocks from the top of the first page on. The result is in `pages`."""

    measure: Measure
    ruby: bool
    """Whether readings are printed, which need room over each line."""
    pages: list[list[Mark]] = field(default_factory=lambda: [[]])
    _y: float = TOP

    def place(self, blocks: Sequence[Block]) -> None:
        """Place all of them, in order."""
        for nth, block in enumerate(blocks):
            match block:
                case Paragraph():
                    self._paragraph(block)
                case Heading():
                    following = blocks[nth + 1] if nth + 1 < len(blocks) else None
                    self._heading(block, following)
                case Table():
                    self._table(block)

    def line_height(self, size: float) -> float:
        """From one base line to the next: millimetres."""
        return size * _POINT * (1.25 + (RUBY * 1.15 if self.ruby else 0.15))

    def lines(self, text: str, size: float, width: float) -> list[Line]:
        """A text broken into lines of that width at the most."""
        lines: list[Line] = [[]]
        space, end = self.measure(" ", size), 0.0
        for word in _words(text):
            needed = sum(self._run_width(run, size) for run in word)
            if lines[-1] and end + space + needed > width:
                lines.append([])
            at = end + space if lines[-1] else 0.0
            for run in word if needed <= width else _letters(word):
                run_width = self._run_width(run, size)
                if lines[-1] and at + run_width > width:
                    lines.append([])
                    at = 0.0
                lines[-1].append((at, run))
                at += run_width
            end = at
        return lines

    def _run_width(self, run: Run, size: float) -> float:
        over = self.measure(run.reading, size * RUBY) if run.reading and self.ruby else 0.0
        return max(self.measure(run.text, size), over)

    def _fits(self, height: float) -> bool:
        return self._y + height <= PAGE_HEIGHT - BOTTOM

    def _new_page(self) -> None:
        self.pages.append([])
        self._y = TOP

    def _paragraph(self, block: Paragraph) -> None:
        sign = self.measure(block.sign, block.size) + 1.0 if block.sign else 0.0
        left = LEFT + block.indent
        lines = self.lines(block.text, block.size, WIDTH - block.indent - sign)
        self._room_for(self.line_height(block.size) * len(lines))
        if block.sign:
            self._draw([(0.0, Run(block.sign))], left, self._y, block.size)
        for line in lines:
            self._draw(line, left + sign, self._y, block.size)
            self._y += self.line_height(block.size)
        self._y += block.after

    def _heading(self, block: Heading, following: Block | None) -> None:
        lines = self.lines(block.text, block.size, WIDTH - 2 * _PADDING)
        height = self._heading_height(block)
        size = following.size if isinstance(following, Paragraph) else block.size
        if not self._fits(height + 3 * self.line_height(size)):
            self._new_page()
        elif self._y > TOP:
            self._y += _GAP
        self.pages[-1].append(Box(LEFT, self._y, WIDTH, height, filled=True))
        for nth, line in enumerate(lines):
            y = self._y + _PADDING + nth * self.line_height(block.size)
            self._draw(line, LEFT + _PADDING, y, block.size)
        self._y += height + _GAP

    def _heading_height(self, block: Heading) -> float:
        lines = self.lines(block.text, block.size, WIDTH - 2 * _PADDING)
        return self.line_height(block.size) * len(lines) + 2 * _PADDING

    def _table(self, block: Table) -> None:
        head = tuple((cell,) for cell in block.head)
        for nth, row in enumerate(block.rows):
            height = self._row_height(row, block)
            if nth == 0 or not self._fits(height):
                heading = Heading(block.again if nth else block.heading, 14.0)
                if nth == 0:
                    beginning = self._row_height(head, block) + height
                    self._room_for(_GAP + self._heading_height(heading) + _GAP + beginning)
                else:
                    self._new_page()
                self._heading(heading, None)
                self._row(head, block, filled=True)
            self._row(row, block, filled=False)
        self._y += 2.0

    def _room_for(self, height: float) -> None:
        if not self._fits(height) and self._y > TOP:
            self._new_page()

    def _cells(self, row: Sequence[Sequence[str]], block: Table) -> list[list[Line]]:
        return [
            [line for text in cell for line in self.lines(text, block.size, width - 2 * _PADDING)]
            for cell, width in zip(row, block.widths, strict=True)
        ]

    def _row_height(self, row: Sequence[Sequence[str]], block: Table) -> float:
        most = max(len(cell) for cell in self._cells(row, block))
        return most * self.line_height(block.size) + 2 * _PADDING

    def _row(self, row: Sequence[Sequence[str]], block: Table, *, filled: bool) -> None:
        height = self._row_height(row, block)
        left = LEFT
        for cell, width in zip(self._cells(row, block), block.widths, strict=True):
            if filled:
                self.pages[-1].append(Box(left, self._y, width, height, filled=True))
            self.pages[-1].append(Box(left, self._y, width, height, filled=False))
            for nth, line in enumerate(cell):
                y = self._y + _PADDING + nth * self.line_height(block.size)
                self._draw(line, left + _PADDING, y, block.size)
            left += width
        self._y += height

    def _draw(self, line: Line, x: float, y: float, size: float) -> None:
        """Draw a line whose top is at `y`, each reading in the middle over its run."""
        base = y + size * _POINT * (0.95 + (RUBY * 1.15 if self.ruby else 0.0))
        for at, run in line:
            width = self._run_width(run, size)
            own = self.measure(run.text, size)
            self.pages[-1].append(Letters(x + at + (width - own) / 2, base, size, run.text))
            if run.reading and self.ruby:
                over = self.measure(run.reading, size * RUBY)
                top = base - size * _POINT * 0.95
                self.pages[-1].append(
                    Letters(x + at + (width - over) / 2, top, size * RUBY, run.reading)
                )


def _words(text: str) -> Iterator[list[Run]]:
    """The words of a text: runs that no space separates."""
    word: list[Run] = []
    for run in runs(text):
        parts = [run.text] if run.reading else run.text.split(" ")
        for nth, part in enumerate(parts):
            if nth and word:
                yield word
                word = []
            if part:
                word.append(Run(part, run.reading))
    if word:
        yield word


def _letters(word: list[Run]) -> Iterator[Run]:
    """A word in its smallest parts: single letters, or a run with its reading."""
    for run in word:
        if run.reading is not None:
            yield run
        else:
            yield from map(Run, run.text)
