"""Queries and returns between agencies."""

from app.domain.vocabulary.code import Code


class QueryField(Code):
    """What can be asked for when something is missing: known values, the names of fields."""

    SUBJECT = "subject", "本人"
    REQUIREMENTS = "requirements", "六要件"
    DISABILITY = "disability", "障害"
    CERTIFICATES = "certificates", "手帳等"
    HEALTH_SUMMARY = "health_summary", "健康状態"
    DESIRED_AREA = "desired_area", "希望する帰住地"
    EXPECTED_RELEASE = "expected_release", "釈放の見込み"
    OFFENCE_CATEGORY = "offence_category", "罪名の大分類"
    REGISTERED_ADDRESS = "registered_address", "住民登録"
    PROHIBITIONS = "prohibitions", "遵守事項等"
    FAMILY_CONTACTS = "family_contacts", "親族等"
    NOTE = "note", "補足"


class ReturnReason(Code):
    """Why a request is returned, withdrawn or not taken: known values."""

    OUT_OF_AREA = "out_of_area", "管轄外"
    NO_RESOURCE = "no_resource", "受入れ体制がない"
    MISSING_INFORMATION = "missing_information", "情報の不足"
    REQUIREMENT_UNCLEAR = "requirement_unclear", "要件が不明確"
    WISH_CHANGED = "wish_changed", "希望の変更"
    NOT_FOUND = "not_found", "受入先が見つからない"
    OTHER = "other", "その他"
