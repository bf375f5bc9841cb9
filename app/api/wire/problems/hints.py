"""What to do about a wrong value, by the reason in `errors`."""

from collections.abc import Mapping

from app.domain.characters import UNWANTED
from app.domain.text import Text

HINTS: Mapping[str, Text] = {
    **{reason: unwanted.hint for reason, unwanted in UNWANTED.items()},
    "too_many_values": Text(
        "値が2,000を、または一つのオブジェクトの項目が100を超えています。"
        "同じものを繰り返し加えていませんか。",
        "There are more than 2,000 values, or more than 100 members in one object. Something may"
        " have been added again and again.",
    ),
    "given_twice": Text(
        "同じものが二度あります。一つにしてください。",
        "The same stands there twice. Send it once.",
    ),
    "not_yet": Text(
        "まだ来ていない日です。済んだことの日は、今日(日本)までです。",
        "The day has not come. Of what has happened, the day is today in Japan or before.",
    ),
    "too_long_ago": Text(
        "昔すぎる日です。年を確かめてください。",
        "The day is too long ago. Look at the year.",
    ),
    "too_far_ahead": Text(
        "先すぎる日です。年を確かめてください。",
        "The day is too far ahead. Look at the year.",
    ),
    "too_young": Text(
        "14歳未満の人の生年月日です。年を確かめてください。",
        "The person would be younger than 14. Look at the year of birth.",
    ),
    "before_birth": Text(
        "本人の生年月日より前の日です。",
        "The day is before the person's birth.",
    ),
    "before_request": Text(
        "求めのあった日より前の日です。廃棄・返還した日、または保存を決めた日を書いてください。",
        "The day is before that of the request. Give the day on which it was destroyed or"
        " returned, or on which keeping it was decided.",
    ),
    "days_out_of_order": Text(
        "前後の日の順が逆です。",
        "Two days are in the wrong order.",
    ),
    "half_width": Text(
        "半角の片仮名です。全角の片仮名で書いてください。",
        "It holds half-width katakana. Write full-width katakana.",
    ),
}
"""Reasons that are not here need no more words than the schema of the field."""
