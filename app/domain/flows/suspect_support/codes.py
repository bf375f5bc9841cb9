"""Codes of the first consultation about a suspect, and of the answers to it."""

from app.domain.vocabulary.code import Code


class Route(Code):
    """Who noticed the need."""

    PROSECUTOR = "prosecutor", "検察庁から"
    PROBATION = "probation", "保護観察所から"


class Feasibility(Code):
    """Whether support looks possible."""

    YES = "yes", "可"
    NO = "no", "否"
    UNCLEAR = "unclear", "不明"


class Readiness(Code):
    """The one word that a prosecutor is told."""

    READY = "ready", "調整済み"
    PARTLY = "partly", "一部調整済み"
    NOT_READY = "not_ready", "未調整"
