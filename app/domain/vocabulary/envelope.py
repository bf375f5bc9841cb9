"""What an envelope says of its message: how urgent it is, and how a paper came."""

from app.domain.vocabulary.code import Code


class Urgency(Code):
    """How soon a message must be read."""

    NORMAL = "normal", "通常"
    URGENT = "urgent", "至急(勾留中)"
    SAME_DAY = "same_day", "当日(釈放)"


class Medium(Code):
    """How a paper came."""

    PAPER = "paper", "書面"
    FAX = "fax", "ファクシミリ"
    PHONE = "phone", "電話"
    IN_PERSON = "in_person", "面前"
