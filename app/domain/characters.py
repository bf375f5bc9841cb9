"""What a text may hold, and the one form of letters that can be written in two ways.

A text comes back as it was sent, or is refused: Unicode's normal form C would also replace the
kanji of a family register by other kanji (U+FA43 by U+6691), so only kana and Latin letters with
their marks are composed.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple
from unicodedata import combining, is_normalized, normalize

from app.domain.text import Text

MOST_MARKS = 30
"""The most combining marks in a row (UAX 15, Stream-Safe Text Format): putting a row of marks into
normal form takes time with the square of its length."""


def _marks(codes: range) -> str:
    """Every mark of these codes that normalising may move, as ranges of a regular expression."""
    # U+0F73, U+0F75 and U+0F81 have no class of their own, and are made of marks that have one.
    marks = [c for c in codes if combining(chr(c)) or c in {0x0F73, 0x0F75, 0x0F81}]
    groups = groupby(enumerate(marks), lambda pair: pair[1] - pair[0])
    runs = ([code for _, code in group] for _, group in groups)
    return "".join(f"{chr(run[0])}-{chr(run[-1])}" for run in runs)


_MARK = _marks(range(0x10000))
_RARE_MARK = _marks(range(0x10000, 0x20000))
_INVISIBLE = (
    "\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2065"
    "\u206a-\u206f\u2800\u3164\ufe00-\ufe0f\uffa0\U0001d173-\U0001d17a\U000e0100-\U000e01ef"
)
_PLACEHOLDERS = "?\uff1f\u3013\u25a1"


class Unwanted(NamedTuple):
    """What no text may hold: a pattern of it, and what a client does wrong that sends it."""

    pattern: str
    hint: Text


UNWANTED: Mapping[str, Unwanted] = {
    "nul": Unwanted(
        "\0",
        Text(
            "文字 U+0000 は使えません。固定長の項目の余りを埋めたままではありませんか。",
            "U+0000 is not taken. It may be the padding of a field of fixed length.",
        ),
    ),
    "lone_surrogate": Unwanted(
        "[\ud800-\udfff]",
        Text(
            "UTF-16 の組の片方だけがあります。文字列を途中で切っていませんか。",
            "There is one half of a UTF-16 pair. A text may have been cut in the middle.",
        ),
    ),
    "replacement_character": Unwanted(
        "\ufffd",
        Text(
            "文字 U+FFFD は、別の符号で読んで失われた文字の跡です。"
            "Shift_JIS のデータを UTF-8 として読んでいませんか。",
            "U+FFFD stands where a character was lost by reading bytes in another encoding:"
            " Shift_JIS may have been read as UTF-8.",
        ),
    ),
    "control_character": Unwanted(
        "[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufff9-\ufffc]",
        Text(
            "制御文字は、タブと改行のほかは使えません。Windows-31J や Windows-1252 のデータを"
            " ISO 8859-1 として読んでいませんか。",
            "Controls other than tab and line ends are not taken. Bytes of Windows-31J or"
            " Windows-1252 may have been read as ISO 8859-1.",
        ),
    ),
    "byte_order_mark": Unwanted(
        "\ufeff",
        Text(
            "文字 U+FEFF (BOM) があります。BOM のあるファイルをつないでいませんか。",
            "There is a byte order mark (U+FEFF). Files that begin with one may have been joined.",
        ),
    ),
    "noncharacter": Unwanted(
        "[\ufdd0-\ufdef\ufffe\uffff"
        + "".join(
            chr((plane << 16) + 0xFFFE) + chr((plane << 16) + 0xFFFF) for plane in range(1, 17)
        )
        + "]",
        Text(
            "Unicode で文字にならない符号があります。バイトの順を逆に読んでいませんか。",
            "There is a code point that is never a character. Bytes may have been read in the"
            " wrong order.",
        ),
    ),
    "private_use": Unwanted(
        "[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]",
        Text(
            "外字(私用領域の文字)は、他の機関では別の字になるか、表示できません。"
            "戸籍の字が Unicode にあればそれで書いてください(互換漢字、異体字セレクタ付きも可)。"
            "なければ似た漢字か片仮名で書き、name_note など文章の項目に元の字を説明してください。",
            "A private-use character is another character, or none, at other agencies. Write the"
            " character of the register if Unicode has it (CJK compatibility ideographs and"
            " variation sequences are taken); if not, write a similar kanji or katakana and"
            " describe the character in name_note or another field of text.",
        ),
    ),
    "direction_control": Unwanted(
        "[\u202a-\u202e\u2066-\u2069]",
        Text(
            "書字の向きを変える文字は、読む人に別の順で見えるので使えません。",
            "Characters that change the direction of writing are not taken: people would read the"
            " text in another order.",
        ),
    ),
    "tag_character": Unwanted(
        "[\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]",
        Text(
            "見えないタグ文字は使えません。絵文字の旗などに含まれることがあります。",
            "Invisible tag characters are not taken. Some emoji of flags hold them.",
        ),
    ),
    "too_many_marks": Unwanted(
        f"[{_MARK}{_RARE_MARK}]{{{MOST_MARKS + 1}}}",
        Text(
            "結合文字が30を超えて続いています。",
            "More than 30 combining marks follow each other.",
        ),
    ),
    "invisible_only": Unwanted(
        rf"\A[{_INVISIBLE}]+\Z",
        Text(
            "見える文字が一つもありません。書くことがなければ、項目を省いてください。",
            "No character in it can be seen. Leave the field out if there is nothing to write.",
        ),
    ),
    "placeholder_only": Unwanted(
        rf"\A[{_INVISIBLE}{_PLACEHOLDERS}]+\Z",
        Text(
            "「?」「〓」「□」だけです。符号を変換したときに、文字が失われていませんか。",
            "There is nothing but ?, 〓 or □. Characters may have been lost when the text was"
            " converted to another encoding.",
        ),
    ),
}
"""By the reason on the wire, which is stable. The first that applies is named."""

_PATTERNS = {reason: re.compile(unwanted.pattern) for reason, unwanted in UNWANTED.items()}
_SUSPECT = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\uf8ff\ufdd0-\ufdef\ufeff\ufff9-\uffff"
    f"\u202a-\u202e\u2066-\u2069\U00010000-\U0010ffff{_MARK}]"
)
_BLANK = re.compile(rf"\A[{_INVISIBLE}{_PLACEHOLDERS}]+\Z")
_LETTER = "A-Za-z\u00c0-\u024f\u1e00-\u1eff\u3041-\u3096\u309d-\u30ff"
_LETTER_MARK = "\u0300-\u036f\u3099\u309a"
_COMPOSABLE = re.compile(f"[{_LETTER}][{_LETTER_MARK}]+")
_BLANK_STRING = re.compile(rf'"(?:[{_INVISIBLE}{_PLACEHOLDERS}]|\\[nrt])++"')


def is_plain_json(written: str) -> bool:
    """Whether no string in a text of JSON needs a look by `reason_to_refuse` or `compose`.

    Searching a text once takes a tenth of the time of walking its strings. True is certain; false
    also comes for characters that may turn out to be good. Apart from controls below U+0020, the
    text holds no escaped characters.
    """
    return (
        "\\u00" not in written
        and "\\b" not in written
        and "\\f" not in written
        and not _SUSPECT.search(written)
        and not _BLANK_STRING.search(written)
    )


def reason_to_refuse(text: str) -> str | None:
    """Why no text like this is taken, as a key of `UNWANTED`; None for a good one."""
    if not _SUSPECT.search(text) and not _BLANK.search(text):
        return None
    return next((reason for reason, p in _PATTERNS.items() if p.search(text)), None)


def compose(text: str) -> str:
    """`text` with its kana and Latin letters composed with their marks; all else as it is.

    Its rows of marks are at most `MOST_MARKS` long.
    """
    if text.isascii():
        return text
    return _COMPOSABLE.sub(lambda run: _compose_run(run[0]), text)


@lru_cache(maxsize=5_000)
def _compose_run(run: str) -> str:
    """A letter and its marks, composed as far as each next mark makes one character with it.

    NFC of the whole run would also sort marks that compose with nothing.
    """
    letter, marks = run[0], run[1:]
    for place, mark in enumerate(marks):
        both = normalize("NFC", letter + mark)
        if len(both) > 1:
            return letter + marks[place:]
        letter = both
    return letter


def comparable(text: str) -> str:
    """Unicode's normal form C, in which texts are compared and never kept."""
    return text if is_normalized("NFC", text) else normalize("NFC", text)
