"""Areas of Japan as codes (全国地方公共団体コード): which are well formed, and which lie in which.

Source: JIS X 0401 and X 0402 with the check digit of the Ministry of Internal Affairs (総務省).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

WEIGHTS = (6, 5, 4, 3, 2)
SAPPORO = "011002"
SAPPORO_WARDS = frozenset(
    {
        *("011011", "011029", "011037", "011045", "011053"),
        *("011061", "011070", "011088", "011096", "011100"),
    }
)


class Prefecture(NamedTuple):
    """One of the 47 prefectures: its two digits (JIS X 0401), its six-digit code and its name."""

    code: str
    area: str
    name: str


PREFECTURES: Mapping[str, Prefecture] = MappingProxyType(
    {
        row.code: row
        for row in (
            Prefecture("01", "010006", "北海道"),
            Prefecture("02", "020001", "青森県"),
            Prefecture("03", "030007", "岩手県"),
            Prefecture("04", "040002", "宮城県"),
            Prefecture("05", "050008", "秋田県"),
            Prefecture("06", "060003", "山形県"),
            Prefecture("07", "070009", "福島県"),
            Prefecture("08", "080004", "茨城県"),
            Prefecture("09", "090000", "栃木県"),
            Prefecture("10", "100005", "群馬県"),
            Prefecture("11", "110001", "埼玉県"),
            Prefecture("12", "120006", "千葉県"),
            Prefecture("13", "130001", "東京都"),
            Prefecture("14", "140007", "神奈川県"),
            Prefecture("15", "150002", "新潟県"),
            Prefecture("16", "160008", "富山県"),
            Prefecture("17", "170003", "石川県"),
            Prefecture("18", "180009", "福井県"),
            Prefecture("19", "190004", "山梨県"),
            Prefecture("20", "200000", "長野県"),
            Prefecture("21", "210005", "岐阜県"),
            Prefecture("22", "220001", "静岡県"),
            Prefecture("23", "230006", "愛知県"),
            Prefecture("24", "240001", "三重県"),
            Prefecture("25", "250007", "滋賀県"),
            Prefecture("26", "260002", "京都府"),
            Prefecture("27", "270008", "大阪府"),
            Prefecture("28", "280003", "兵庫県"),
            Prefecture("29", "290009", "奈良県"),
            Prefecture("30", "300004", "和歌山県"),
            Prefecture("31", "310000", "鳥取県"),
            Prefecture("32", "320005", "島根県"),
            Prefecture("33", "330001", "岡山県"),
            Prefecture("34", "340006", "広島県"),
            Prefecture("35", "350001", "山口県"),
            Prefecture("36", "360007", "徳島県"),
            Prefecture("37", "370002", "香川県"),
            Prefecture("38", "380008", "愛媛県"),
            Prefecture("39", "390003", "高知県"),
            Prefecture("40", "400009", "福岡県"),
            Prefecture("41", "410004", "佐賀県"),
            Prefecture("42", "420000", "長崎県"),
            Prefecture("43", "430005", "熊本県"),
            Prefecture("44", "440001", "大分県"),
            Prefecture("45", "450006", "宮崎県"),
            Prefecture("46", "460001", "鹿児島県"),
            Prefecture("47", "470007", "沖縄県"),
        )
    }
)


class AreaError(ValueError):
    """A text that is no area. `reason` is `area_form`, `area_prefecture` or `area_check_digit`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_digit(five: str) -> str:
    """The sixth digit of a code whose first five digits are `five`.

    Source: 総務省, 検証数字の算出方法: weights 6 5 4 3 2, subtracted from 11; a total below 11 is
    subtracted whole, otherwise its remainder by 11; the last digit counts.
    """
    total = sum(int(digit) * weight for digit, weight in zip(five, WEIGHTS, strict=True))
    return str((11 - (total if total < 11 else total % 11)) % 10)


def read_area(text: str) -> str:
    """The six-digit code that `text` means: itself, or that of the prefecture of two digits.

    Raises:
        AreaError: it is neither, names no prefecture, or its check digit is another.
    """
    if not (text.isascii() and text.isdigit() and len(text) in {2, 6}):
        raise AreaError("area_form")
    prefecture = PREFECTURES.get(text[:2])
    if prefecture is None:
        raise AreaError("area_prefecture")
    if len(text) == 2:
        return prefecture.area
    if check_digit(text[:5]) != text[5]:
        raise AreaError("area_check_digit")
    return text


def is_code(text: str) -> bool:
    """Whether `text` is a well-formed six-digit code of a prefecture or a municipality."""
    if len(text) != 6:
        return False
    try:
        read_area(text)
    except AreaError:
        return False
    return True


def prefecture_of(code: str) -> Prefecture:
    """The prefecture in which the area of six digits (or the prefecture of two) lies.

    Raises:
        KeyError: no prefecture has these first two digits.
    """
    return PREFECTURES[code[:2]]


def is_prefecture(code: str) -> bool:
    """Whether a six-digit code means a whole prefecture."""
    return prefecture_of(code).area == code


def whole(code: str) -> str:
    """The area that rows of a jurisdiction speak of: a ward of Sapporo counts as Sapporo."""
    return SAPPORO if code in SAPPORO_WARDS else code


def covers(row_area: str, code: str) -> bool:
    """Whether a jurisdiction over `row_area` reaches `code`.

    Equal areas do, and one that is the whole prefecture of the other; so a prefecture that is asked
    for is reached by each of its municipalities (Hokkaido: by several agencies).
    """
    row_area, code = whole(row_area), whole(code)
    return row_area == code or (
        row_area[:2] == code[:2] and (is_prefecture(row_area) or is_prefecture(code))
    )
