"""Urgent aftercare (更生緊急保護): who may have it, and what is explained first."""

from app.domain.vocabulary.code import Code


class ReliefCategory(Code):
    """Who may have urgent aftercare (更生保護法85条1項). Numbers 3, 4, 6 to 8 are not verified."""

    ONE = "1", "刑の執行を終わった者"
    TWO = "2", "刑の執行の免除を得た者"
    THREE = "3", "全部執行猶予・裁判確定まで"
    FOUR = "4", "全部執行猶予・保護観察なし"
    FIVE = "5", "一部執行猶予・保護観察なし・実刑部分終了"
    SIX = "6", "検察官が訴追を必要としないと認めた者等"
    SEVEN = "7", "罰金又は科料の言渡しを受けた者"
    EIGHT = "8", "労役場出場・仮出場"
    NINE = "9", "少年院退院・仮退院(保護観察中を除く)"


class SupportStatus(Code):
    """As what the probation office treats a suspect."""

    PRIORITY_PLANNED = "priority_planned", "重点実施予定者"
    PRIORITY = "priority", "重点実施対象者"
    EQUIVALENT = "equivalent", "準ずる者"


class ExplainedItem(Code):
    """What a prosecutor explains before asking for consent (domain reference 3.0.9)."""

    SCHEME = "e1_scheme", "更生緊急保護(重点実施)の制度の内容"
    VOLUNTARY = "e2_voluntary", "意思に反しない場合に限り行うこと"
    INTERVIEW = "e3_interview", "保護観察官との面談が行われること"
    INFORMATION_USE = (
        "e4_information_use",
        "情報が保護観察所で利用され福祉機関等へ提供されること",
    )
    NO_EFFECT = (
        "e5_no_effect_on_disposition",
        "処分は未定で同意等により処分が変わらず起訴猶予の約束でもないこと",
    )
