"""Pages that are typeset and drawn: nothing is cut off or overlaps, and the same is the same."""

from datetime import UTC, datetime
from io import BytesIO
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from app.adapters.printing.pdf import Document, render_pdf
from app.adapters.printing.typesetting import (
    BOTTOM,
    LEFT,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    RIGHT,
    TOP,
    Block,
    Box,
    Heading,
    Letters,
    Paragraph,
    Table,
    Typesetter,
)
from app.domain.printing.ruby import plain


def measure(text: str, size: float) -> float:
    """Every letter as wide as the size."""
    return len(text) * size * 25.4 / 72


def typeset(blocks: list[Block], ruby: bool = True) -> Typesetter:
    """The pages of some blocks."""
    setter = Typesetter(measure, ruby)
    setter.place(blocks)
    return setter


word = st.sampled_from(["あなたの", "{情報|じょうほう}が", "{紙|かみ}を", "x" * 50, "a", "。"])
text = st.lists(word, min_size=1, max_size=8).map(" ".join)
cell = st.lists(text, min_size=1, max_size=2).map(tuple)
table = st.builds(
    lambda rows: Table("{表|ひょう}", "again", ("a", "b"), rows, (80.0, 94.0)),
    st.lists(st.tuples(cell, cell), min_size=1, max_size=6),
)
block = st.builds(Paragraph, text) | st.builds(Heading, st.just("{章|しょう}")) | table
some = settings(max_examples=30, deadline=None)


def right_of(letters: Letters) -> float:
    """Where letters end."""
    return letters.x + measure(letters.text, letters.size)


@some
@given(st.lists(block, max_size=12))
def test_nothing_leaves_the_page(blocks: list[Block]) -> None:
    for mark in (mark for marks in typeset(blocks).pages for mark in marks):
        if isinstance(mark, Box):
            assert mark.y >= TOP
            assert mark.y + mark.height <= PAGE_HEIGHT - BOTTOM + 0.01
        else:
            assert mark.x >= LEFT - 0.01
            assert right_of(mark) <= PAGE_WIDTH - RIGHT + 0.01
            assert TOP < mark.y <= PAGE_HEIGHT - BOTTOM


@some
@given(st.lists(block, max_size=12))
def test_letters_do_not_overlap(blocks: list[Block]) -> None:
    for marks in typeset(blocks).pages:
        letters = [m for m in marks if isinstance(m, Letters)]
        for one, other in combinations(letters, 2):
            beside = right_of(one) <= other.x + 0.01 or right_of(other) <= one.x + 0.01
            upper, lower = sorted((one, other), key=lambda each: each.y)
            assert beside or lower.y - upper.y >= lower.size * 25.4 / 72 * 0.9, (one, other)


@some
@given(st.lists(block, max_size=8))
def test_every_letter_is_placed_once(blocks: list[Block]) -> None:
    setter = typeset(blocks)
    letters = "".join(
        m.text for marks in setter.pages for m in marks if isinstance(m, Letters) and m.size > 10
    )
    for each in blocks:
        if isinstance(each, Paragraph):
            assert plain(each.text).replace(" ", "") in letters


def test_a_long_table_says_its_head_again_on_every_page() -> None:
    rows = [(("{一|いち} " * 20,), (str(n),)) for n in range(60)]
    setter = typeset([Table("first", "again", ("いつ", "what"), rows, (80.0, 94.0))])
    assert len(setter.pages) > 3
    for number, marks in enumerate(setter.pages):
        texts = [m.text for m in marks if isinstance(m, Letters)]
        assert ("again" if number else "first") in texts
        assert "いつ" in texts
    numbers = [m.text for p in setter.pages for m in p if isinstance(m, Letters)]
    assert [n for n in numbers if n.isdigit()] == [str(n) for n in range(60)]


def document(blocks: list[Block]) -> Document:
    """These blocks as a document."""
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return Document("題", "ja", blocks, "整理番号 x", at, ruby=True)


def test_the_same_document_is_the_same_bytes() -> None:
    blocks: list[Block] = [Heading("{情報|じょうほう}"), Paragraph("あなたの {紙|かみ}")]
    assert render_pdf(document(blocks)) == render_pdf(document(blocks))


def test_a_page_can_be_read_by_machine_and_has_its_number_and_font_within() -> None:
    many: list[Block] = [Paragraph("あなたの {情報|じょうほう} " * 8) for _ in range(40)]
    reader = PdfReader(BytesIO(render_pdf(document(many))))
    assert len(reader.pages) > 1
    for number, page in enumerate(reader.pages, start=1):
        text = page.extract_text().replace("\x00", "")
        assert "情報" in text
        assert "じょうほう" in text
        assert f"{number} / {len(reader.pages)}" in text
        assert "整理番号 x" in text
        assert (round(page.mediabox.width), round(page.mediabox.height)) == (595, 842)
        fonts = page["/Resources"]["/Font"]  # type: ignore[index]
        for font in fonts.values():
            descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            assert any(name.startswith("/FontFile") for name in descriptor)


@pytest.mark.parametrize("ruby", [True, False])
def test_readings_are_printed_in_half_the_size_over_their_middle(ruby: bool) -> None:
    (marks,) = typeset([Paragraph("{情報|じょうほう}", size=12.0)], ruby).pages
    letters = [m for m in marks if isinstance(m, Letters)]
    assert [m.text for m in letters] == (["情報", "じょうほう"] if ruby else ["情報"])
    if ruby:
        base, over = letters
        assert over.size == base.size / 2
        assert over.y < base.y
        assert over.x + measure(over.text, over.size) / 2 == pytest.approx(
            base.x + measure(base.text, base.size) / 2
        )
