"""The characters of JIS X 0213, which names and addresses in Japan are written with."""

from unicodedata import category

_CODEC = "euc_jis_2004"
_BASES, _MARKS = "かきくけこカキクケコセツトㇷæɔʌəɚ˩˥", "\u309a\u0300\u0301\u02e5\u02e9"


def _is_in_jis(text: str) -> bool:
    try:
        return len(text.encode(_CODEC)) <= 3
    except UnicodeEncodeError:
        return False


_SINGLE = [chr(c) for c in range(0x30000) if category(chr(c)) != "Cc" and _is_in_jis(chr(c))]
_PAIRS = [base + mark for base in _BASES for mark in _MARKS if _is_in_jis(base + mark)]
JIS_X_0213 = (*_SINGLE, *_PAIRS)
"""Each of the code points that its codec takes, and the 25 letters for which Unicode takes two."""
