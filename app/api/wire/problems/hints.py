"""What to do about a wrong value, by the reason in `errors`."""

from collections.abc import Mapping

from app.domain.characters import UNWANTED
from app.domain.text import Text

HINTS: Mapping[str, Text] = {
    **{reason: unwanted.hint for reason, unwanted in UNWANTED.items()},
    "too_many_values": Text(
        "値が10,000を超えています。同じものを繰り返し加えていませんか。",
        "There are more than 10,000 values. Something may have been added again and again.",
    ),
    "given_twice": Text(
        "同じ引数が二度あります。一つにしてください。",
        "The parameter stands there twice. Send it once.",
    ),
    "half_width": Text(
        "半角の片仮名です。全角の片仮名で書いてください。",
        "It holds half-width katakana. Write full-width katakana.",
    ),
}
"""Reasons that are not here need no more words than the schema of the field."""
