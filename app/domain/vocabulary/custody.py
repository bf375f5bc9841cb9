"""Custody: its stages, what changes in it, and the release from it."""

from app.domain.vocabulary.code import Code


class CustodyStage(Code):
    """Where in the criminal procedure a person is held, or not."""

    ARRESTED = "arrested", "逮捕"
    DETAINED_SUSPECT = "detained_suspect", "被疑者勾留"
    DETAINED_DEFENDANT = "detained_defendant", "被告人勾留"
    BAILED = "bailed", "保釈"
    SERVING = "serving", "受刑中"
    TRAINING_SCHOOL = "training_school", "少年院在院"
    WORKHOUSE = "workhouse", "労役場留置"
    RELEASED = "released", "釈放済"


class TreatmentCourse(Code):
    """Treatment courses (処遇課程) since 2025-06-01 that speak of old age or disability."""

    DS = "DS", "高齢福祉課程"
    DH = "DH", "福祉的支援課程(知的・発達)"
    DM = "DM", "福祉的支援課程(精神)"
    OTHER = "other", "その他の課程"


class ContactBan(Code):
    """Whether a court has forbidden visits (接見禁止)."""

    NONE = "none", "なし"
    PARTIAL = "partial", "一部"
    FULL = "full", "全部"


class ProhibitionKind(Code):
    """What a person must keep away from: known values."""

    NO_CONTACT = "no_contact", "接触禁止"
    RESIDENCE_RESTRICTION = "residence_restriction", "居住制限"
    OTHER = "other", "その他"


class CustodyChange(Code):
    """What can change in custody while a referral runs (domain reference M-a3)."""

    RELEASE_DATE_SET = "release_date_set", "釈放日の決定"
    RELEASE_DATE_MOVED = "release_date_moved", "釈放日の変更"
    PAROLE_DECIDED = "parole_decided", "仮釈放の決定"
    PAROLE_DENIED = "parole_denied", "仮釈放の不許可"
    TRANSFERRED = "transferred", "移送"
    FURTHER_PROSECUTION = "further_prosecution", "余罪の起訴"
    HOSPITALISED = "hospitalised", "入院・手術"
    DISCIPLINE_DELAY = "discipline_delay", "懲罰による遅延"
    DIED = "died", "死亡"
    DEPORTATION_EXPECTED = "deportation_expected", "退去強制の見込み"
    DETENTION_EXTENDED = "detention_extended", "勾留の延長"
    OTHER = "other", "その他"


class ReleaseKind(Code):
    """How a person comes out."""

    FULL_TERM = "full_term", "満期釈放"
    PAROLE = "parole", "仮釈放"
    PROVISIONAL_DISCHARGE = "provisional_discharge", "少年院仮退院"
    DISCHARGE = "discharge", "少年院退院"
    DETENTION_RELEASE = "detention_release", "勾留からの釈放"
    BAIL = "bail", "保釈"
    SENTENCE_SUSPENDED_RELEASE = "sentence_suspended_release", "判決による釈放"


class ReleaseConfidence(Code):
    """How firm a release day is."""

    FIXED = "fixed", "確定"
    ESTIMATED = "estimated", "見込み"
    RANGE = "range", "幅あり"


class ChecklistItem(Code):
    """What must be ready on the day of release: known values (domain reference M-a6)."""

    RESIDENT_REGISTRATION = "resident_registration", "住民登録"
    PUBLIC_ASSISTANCE_APPOINTMENT = "public_assistance_appointment", "生活保護の申請予約"
    HEALTH_INSURANCE = "health_insurance", "医療保険"
    MEDICATION_SUPPLY = "medication_days_supply", "手持ちの薬"
    MEDICAL_REFERRAL_LETTER = "medical_referral_letter", "診療情報提供書"
    CERTIFICATE_HANDOVER = "certificate_handover", "手帳の引渡し"
    MONEY_AND_BELONGINGS = "money_and_belongings", "所持金・所持品"
    KEY_CONTACT_CARD = "key_contact_card", "連絡先カード"
    HOLIDAY_PLAN = "holiday_plan", "閉庁日の対応"
