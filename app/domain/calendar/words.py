"""Days as people write them: in the western and the Japanese calendar, with their readings."""

from datetime import date

from app.domain.text import Text

_REIWA = date(2019, 5, 1)
_OWN_READINGS = {
    1: "ついたち", 2: "ふつか", 3: "みっか", 4: "よっか", 5: "いつか", 6: "むいか", 7: "なのか",
    8: "ようか", 9: "ここのか", 10: "とおか", 14: "じゅうよっか", 20: "はつか",
    24: "にじゅうよっか",
}  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def era_year(day: date) -> str:
    """The year of 令和 (since 2019-05-01), the first one written 元; empty for days before it."""
    if day < _REIWA:
        return ""
    year = day.year - _REIWA.year + 1
    return "{令和|れいわ}{元年|がんねん}" if year == 1 else f"{{令和|れいわ}}{year}{{年|ねん}}"


def day_words(day: date) -> Text:
    """A day in words, with readings in Japanese."""
    own = _OWN_READINGS.get(day.day)
    of_month = f"{{{day.day}日|{own}}}" if own else f"{day.day}{{日|にち}}"
    era = era_year(day)
    western = f"{day.year}{{年|ねん}}" + (f"({era})" if era else "")
    return Text(
        f"{western} {day.month}{{月|がつ}}{of_month}",
        f"{day.day} {_MONTHS[day.month - 1]} {day.year}",
    )
