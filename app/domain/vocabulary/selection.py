"""Selection for special adjustment: its result, and what is to be secured."""

from app.domain.vocabulary.code import Code


class AdjustResult(Code):
    """What the probation office selects."""

    SPECIAL = "special", "特別調整"
    GENERAL = "general", "一般調整"
    NONE = "none", "不選定"


class AdjustItem(Code):
    """The seven things that an adjustment must secure (平成20年法務省令28号112条)."""

    RESIDENCE = "1", "釈放後の住居の確保"
    GUARANTOR = "2", "引受人等の確保"
    FAMILY = "3", "家族その他関係人の理解と協力"
    WORK_OR_SCHOOL = "4", "就業先又は通学先の確保"
    HARMFUL_INFLUENCE = "5", "改善更生を妨げる生活環境の影響を受けないこと"
    PUBLIC_PROTECTION = "6", "公共の衛生福祉機関等から必要な保護を受けられること"
    OTHER = "7", "その他"


class NoResidenceBasis(Code):
    """Why there is no residence after release."""

    NO_RESIDENCE = "no_residence", "住居がない"
    REFUSED_BY_FAMILY = "refused_by_family", "親族等が引受けを拒否"
    RESIDENCE_UNSUITABLE = "residence_unsuitable", "住居が不適当"


class WelfareService(Code):
    """Welfare services that a person needs: known values."""

    HOUSING = "housing", "住居"
    PUBLIC_ASSISTANCE = "public_assistance", "生活保護"
    DISABILITY_SERVICE = "disability_service", "障害福祉サービス"
    LONG_TERM_CARE = "long_term_care", "介護保険"
    MEDICAL = "medical", "医療"
    PENSION = "pension", "年金"


class AttachmentKind(Code):
    """Papers that go with a request: known values."""

    PERSONAL_RECORD_EXCERPT = "personal_record_excerpt", "身上調査書抜粋"
    MEDICAL_INFORMATION = "medical_information", "診療情報"
    INTELLIGENCE_TEST = "intelligence_test", "知能検査"
    PLAN = "plan", "計画書"
    OTHER = "other", "その他"
