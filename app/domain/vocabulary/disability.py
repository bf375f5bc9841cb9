"""Disabilities: their kinds, on what they are found, and the certificates for them."""

from app.domain.vocabulary.code import Code


class DisabilityCategory(Code):
    """The eight columns of the yearly table, derived from three yes or no."""

    P = "P", "身体障害あり"
    I = "I", "知的障害あり"  # noqa: E741 -- the column's own name
    M = "M", "精神障害あり"
    PI = "PI", "身体+知的"
    PM = "PM", "身体+精神"
    IM = "IM", "知的+精神"
    PIM = "PIM", "身体+知的+精神"
    OTHER = "OTHER", "その他"


class NoDisabilityReason(Code):
    """What `OTHER` stands for when no disability is established."""

    ELDERLY_ONLY = "elderly_only", "高齢のみ"
    MILD_DEMENTIA = "mild_dementia", "軽度認知症"
    SUSPECTED = "suspected", "障害の疑い"
    OTHER = "other", "その他"


class FindingBasis(Code):
    """On what a disability, or old age, is found."""

    CERTIFICATE = "certificate", "手帳"
    DIAGNOSIS = "diagnosis", "診断"
    TEST = "test", "検査(CAPAS・知能検査)"
    INSTITUTION_VIEW = "institution_view", "施設の判断"
    SELF_REPORT = "self_report", "申告"


class DisabilityHint(Code):
    """What kind of disability there may be, before anything is established."""

    PHYSICAL = "physical", "身体"
    INTELLECTUAL = "intellectual", "知的"
    MENTAL = "mental", "精神"
    DEMENTIA = "dementia", "認知症"
    UNKNOWN = "unknown", "不明"


class CertificateKind(Code):
    """Kinds of certificates and grades."""

    PHYSICAL_CERT = "physical_cert", "身体障害者手帳"
    INTELLECTUAL_CERT = "intellectual_cert", "療育手帳"
    MENTAL_CERT = "mental_cert", "精神障害者保健福祉手帳"
    SUPPORT_CATEGORY = "support_category", "障害支援区分"
    CARE_LEVEL = "care_level", "要介護認定"


class CertificateState(Code):
    """Whether a certificate is there."""

    NONE = "none", "なし"
    APPLYING = "applying", "申請中"
    HELD = "held", "所持"
    LOST = "lost", "紛失"
