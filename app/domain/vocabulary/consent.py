"""Consents: their purposes and items, how they are given, and who stands by."""

from app.domain.vocabulary.code import Code


class ConsentPurpose(Code):
    """For what a consent is given: known values (domain reference 4.3)."""

    SELECTION = "selection", "選定"
    SPECIAL_ADJUSTMENT = "special_adjustment", "特別調整・一般調整"
    REGIONAL = "regional", "広域調整"
    FACILITY = "facility", "受入先"
    HEALTH = "health", "保健・医療"
    MUNICIPALITY = "municipality", "市町村"
    SUSPECT_SUPPORT = "suspect_support", "被疑者等支援"
    FOLLOWUP = "followup", "フォローアップ"
    DEFENCE = "defence", "弁護人との連携"
    STATISTICS_NONE = "statistics_none", "統計のみ(提供なし)"


class CriminalItem(Code):
    """Items of the criminal matter that are consented to one by one: known values."""

    OFFENCE_CATEGORY = "offence_category", "罪名の大分類"
    SENTENCE_KIND = "sentence_kind", "刑の種類"
    RELEASE_DATE = "release_date", "釈放予定日"
    INSTITUTION = "institution", "収容施設"
    PROHIBITIONS = "prohibitions", "遵守事項等"


class StatementMethod(Code):
    """How a person's statement was taken."""

    WRITTEN = "written", "書面"
    ORAL_RECORDED = "oral_recorded", "口頭(記録)"
    ELECTRONIC = "electronic", "電磁的記録"


class SupporterKind(Code):
    """Who stands by a person who consents."""

    ADULT_GUARDIAN = "adult_guardian", "成年後見人"
    CURATOR = "curator", "保佐人"
    ASSISTANT = "assistant", "補助人"
    PARENT = "parent", "親権者"
    COUNSEL = "counsel", "弁護人"
    NONE = "none", "なし"
