"""Residences: registration, kinds, secrecy, and why a placement falls through."""

from app.domain.vocabulary.code import Code


class RegistrationState(Code):
    """The state of a resident registration (住民票)."""

    REGISTERED = "registered", "登録あり"
    EX_OFFICIO_DELETED = "ex_officio_deleted", "職権消除"
    NONE = "none", "登録なし"
    UNKNOWN = "unknown", "不明"


class Confidentiality(Code):
    """Why a place must be kept secret: known values."""

    DOMESTIC_VIOLENCE = "domestic_violence", "DV等支援措置"
    VICTIM = "victim", "被害者等との接触防止"
    OTHER = "other", "その他"


class ResidenceKind(Code):
    """Residence kinds (居住先): known values. The published labels are a table for each year."""

    OFFENDER_HOSTEL = "offender_hostel", "更生保護施設"
    SELF_RELIANCE_HOME = "self_reliance_home", "自立準備ホーム"
    RELIEF_FACILITY = "relief_facility", "救護施設"
    REHAB_FACILITY_PA = "rehab_facility_pa", "更生施設(生活保護法)"
    LODGING_FACILITY_PA = "lodging_facility_pa", "宿所提供施設"
    MEDICAL_PROTECTION_FACILITY = "medical_protection_facility", "医療保護施設"
    VOCATIONAL_FACILITY_PA = "vocational_facility_pa", "授産施設(生活保護法)"
    FREE_LOWCOST_LODGING = "free_lowcost_lodging", "無料低額宿泊所・日常生活支援住居施設"
    PRIVATE_APARTMENT = "private_apartment", "アパート(民間賃貸)"
    PUBLIC_HOUSING = "public_housing", "公営住宅"
    GROUP_HOME_DISABILITY = "group_home_disability", "グループホーム(共同生活援助)"
    DISABILITY_SUPPORT_FACILITY = "disability_support_facility", "障害者支援施設"
    LODGING_TRAINING = "lodging_training", "宿泊型自立訓練"
    WELFARE_HOME = "welfare_home", "福祉ホーム"
    NURSING_HOME_YOGO = "nursing_home_yogo", "養護老人ホーム"
    NURSING_HOME_KEIHI = "nursing_home_keihi", "軽費老人ホーム・ケアハウス"
    NURSING_HOME_TOKUYO = "nursing_home_tokuyo", "特別養護老人ホーム"
    NURSING_HOME_PAID = "nursing_home_paid", "有料老人ホーム"
    SERVICED_ELDERLY_HOUSING = "serviced_elderly_housing", "サービス付き高齢者向け住宅"
    GROUP_HOME_DEMENTIA = "group_home_dementia", "認知症高齢者グループホーム"
    GERIATRIC_HEALTH_FACILITY = "geriatric_health_facility", "介護老人保健施設・介護医療院"
    PSYCHIATRIC_HOSPITAL = "psychiatric_hospital", "精神科病院"
    HOSPITAL = "hospital", "病院"
    OWN_HOME = "own_home", "自宅(本人名義)"
    RELATIVE_HOME = "relative_home", "親族・知人宅"
    EMPLOYER_HOUSING = "employer_housing", "住込・社宅"
    TEMPORARY_SHELTER = "temporary_shelter", "一時生活支援(シェルター)"
    OTHER = "other", "その他"
    UNDETERMINED = "undetermined", "未定"


class PlacementLossReason(Code):
    """Why a placement falls through: known values."""

    FULL = "full", "満員"
    WITHDRAWN_BY_FACILITY = "withdrawn_by_facility", "受入先の辞退"
    WITHDRAWN_BY_SUBJECT = "withdrawn_by_subject", "本人の辞退"
    HEALTH = "health", "健康上の理由"
    RELEASE_MOVED = "release_moved", "釈放日の変更"
    OTHER = "other", "その他"
