"""Codes that two centers use between them: ties, tasks, reasons to decline."""

from app.domain.vocabulary.code import Code


class RegionalDeclineReason(Code):
    """Why the center of the wished prefecture does not take a request (domain reference 3.c)."""

    NO_RESIDENCE_TIE = "no_residence_tie", "居住のつながりがない"
    NO_RESOURCE = "no_resource", "社会資源がない"
    WISH_UNCLEAR = "wish_unclear", "希望が不明確"
    LATE = "late", "釈放まで期間がない"
    OTHER = "other", "その他"


class Tie(Code):
    """What ties a person to the municipality where they wish to live."""

    PAST_RESIDENCE = "past_residence", "過去の居住"
    FAMILY = "family", "家族"
    WORK = "work", "仕事"
    VICTIM_DISTANCE = "victim_distance", "被害者との距離"
    FACILITY = "facility", "施設"
    NONE = "none", "なし"


class RegionalTask(Code):
    """What centers ask of each other: known values."""

    PLACEMENT = "placement", "受入先の調整"
    PRISON_VISIT = "prison_visit", "矯正施設での面談"
    ESCORT = "escort", "出所時の同行"
    FOLLOWUP = "followup", "フォローアップ"
    CERTIFICATE = "certificate", "手帳の申請"
    MUNICIPALITY_TALK = "municipality_talk", "市町村との協議"


class TaskHolder(Code):
    """Which of the two centers does a task."""

    ORIGIN = "origin_center", "依頼センター"
    DESTINATION = "destination_center", "受託センター"
