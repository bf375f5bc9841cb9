"""The code sets of the field: each code with its Japanese title, closed or open.

Where a set is not known for certain it is *known values of an open set*: a field of it is typed
`OpenCode` and takes any code of the right form. Source: domain reference, sections 2.0 and 3.0.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema


class Code(StrEnum):
    """A code with the Japanese words for it."""

    ja: str

    def __new__(cls, value: str, ja: str) -> Self:
        """A member: its code, and its title."""
        code = str.__new__(cls, value)
        code._value_ = value
        code.ja = ja
        return code

    @classmethod
    def titles(cls) -> Mapping[str, str]:
        """Every code of the set with its title, in order."""
        return {code.value: code.ja for code in cls}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The set's schema, with the titles in it."""
        reference = handler(core_schema)
        handler.resolve_ref_schema(reference)["x-titles"] = dict(cls.titles())
        return reference


OpenCode = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
"""A code of an open set: the known values are in the schema, others are taken as they are."""


class Known:
    """Marks an `OpenCode` field with the values that are known today."""

    def __init__(self, codes: type[Code]) -> None:
        self.codes = codes

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The field's schema, with the known values as examples."""
        known = dict(self.codes.titles())
        return {**handler(core_schema), "examples": list(known)[:4], "x-known-values": known}


class LegalBasis(Code):
    """What law or ruling a message rests on (domain reference 2.0)."""

    RPA_82 = "rpa_82", "更生保護法82条 収容中の者に対する生活環境の調整"
    RPA_83 = "rpa_83", "更生保護法83条 保護観察付執行猶予の言渡しを受けた者の生活環境の調整"
    RPA_83_2 = "rpa_83_2", "更生保護法83条の2 勾留中の被疑者に対する生活環境の調整"
    RPA_85 = "rpa_85", "更生保護法85条 更生緊急保護"
    RPA_86 = "rpa_86", "更生保護法86条 更生緊急保護の申出等"
    RPA_88_2 = "rpa_88_2", "更生保護法88条の2 刑執行終了者等に対する援助"
    RPA_88_3 = "rpa_88_3", "更生保護に関する地域援助"
    MOJ_RULE_112 = "moj_rule_112", "平成20年法務省令28号112条 調整すべき事項"
    MOJ_RULE_118 = "moj_rule_118", "同118条 書面による申出"
    MOJ_RULE_121 = "moj_rule_121", "同121条 期間の延長"
    CIRCULAR_244 = "circular_244", "平成21年4月法務省保観第244号 矯正局長・保護局長通達(特別調整)"
    MHLW_GUIDELINE = "mhlw_guideline", "地域生活定着支援センターの事業及び運営に関する指針等"
    RPL_17_21 = "rpl_17_21", "再犯防止推進法17条・21条"
    MHWA_23_26 = "mhwa_23_26", "精神保健福祉法23条から26条 通報"
    CONSENT_ONLY = "consent_only", "本人の同意のみ"


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


class Sex(Code):
    """GIF SexCodeList (code list 438-1, ISO/IEC 5218)."""

    UNKNOWN = "0", "不明"
    MALE = "1", "男性"
    FEMALE = "2", "女性"
    NOT_APPLICABLE = "9", "適用不能"


class DatePrecision(Code):
    """How much of a birth date is known."""

    DAY = "day", "年月日まで判明"
    MONTH = "month", "年月まで判明"
    YEAR = "year", "年のみ判明"
    UNKNOWN = "unknown", "不明"


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


class AgeBracket(Code):
    """The rows of the yearly table: the age on the settlement day."""

    GE65 = "ge65", "65歳以上"
    LT65 = "lt65", "65歳未満"
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


class ProcedureStage(Code):
    """What a person is in the procedure, beside the state of the support."""

    SUSPECT = "suspect", "被疑者"
    DEFENDANT = "defendant", "被告人"
    NOT_PROSECUTED = "not_prosecuted", "不起訴"
    CONVICTED = "convicted", "有罪"
    ACQUITTED = "acquitted", "無罪"


class SentenceKind(Code):
    """Kinds of sentences. Imprisonment is one kind (拘禁刑) since 2025-06-01; old names stay."""

    KOKIN = "kokin", "拘禁刑"
    CHOEKI = "choeki", "懲役(旧)"
    KINKO = "kinko", "禁錮(旧)"
    KORYU = "koryu", "拘留"
    FINE = "fine", "罰金"
    PETTY_FINE = "petty_fine", "科料"
    PROTECTIVE_MEASURE = "protective_measure", "保護処分(少年院送致)"


class Disposition(Code):
    """What prosecutors and courts decide."""

    SUSPENDED_PROSECUTION = "suspended_prosecution", "起訴猶予"
    RELEASED_PENDING = "released_pending", "処分保留釈放"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence", "嫌疑不十分"
    NO_SUSPICION = "no_suspicion", "嫌疑なし"
    OTHER_NONPROSECUTION = "other_nonprosecution", "その他不起訴"
    SUMMARY_FINE = "summary_fine", "略式命令・罰金"
    INDICTED = "indicted", "公判請求"
    SUSPENDED_SENTENCE = "suspended_sentence", "執行猶予(保護観察なし)"
    SUSPENDED_SENTENCE_PROBATION = "suspended_sentence_probation", "保護観察付執行猶予"
    PARTIAL_SUSPENSION = "partial_suspension", "一部執行猶予"
    IMPRISONMENT = "imprisonment", "実刑"
    ACQUITTED = "acquitted", "無罪"
    MEDICAL_OBSERVATION_PETITION = "medical_observation_petition", "医療観察法申立て"


class ReleaseKind(Code):
    """How a person comes out."""

    FULL_TERM = "full_term", "満期釈放"
    PAROLE = "parole", "仮釈放"
    PROVISIONAL_DISCHARGE = "provisional_discharge", "少年院仮退院"
    DISCHARGE = "discharge", "少年院退院"
    DETENTION_RELEASE = "detention_release", "勾留からの釈放"
    BAIL = "bail", "保釈"
    SENTENCE_SUSPENDED_RELEASE = "sentence_suspended_release", "判決による釈放"


class TreatmentCourse(Code):
    """Treatment courses (処遇課程) since 2025-06-01 that speak of old age or disability."""

    DS = "DS", "高齢福祉課程"
    DH = "DH", "福祉的支援課程(知的・発達)"
    DM = "DM", "福祉的支援課程(精神)"
    OTHER = "other", "その他の課程"


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


class AdjustItem(Code):
    """The seven things that an adjustment must secure (平成20年法務省令28号112条)."""

    RESIDENCE = "1", "釈放後の住居の確保"
    GUARANTOR = "2", "引受人等の確保"
    FAMILY = "3", "家族その他関係人の理解と協力"
    WORK_OR_SCHOOL = "4", "就業先又は通学先の確保"
    HARMFUL_INFLUENCE = "5", "改善更生を妨げる生活環境の影響を受けないこと"
    PUBLIC_PROTECTION = "6", "公共の衛生福祉機関等から必要な保護を受けられること"
    OTHER = "7", "その他"


class AdjustResult(Code):
    """What the probation office selects."""

    SPECIAL = "special", "特別調整"
    GENERAL = "general", "一般調整"
    NONE = "none", "不選定"


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


class StatementMethod(Code):
    """How a person's statement was taken."""

    WRITTEN = "written", "書面"
    ORAL_RECORDED = "oral_recorded", "口頭(記録)"
    ELECTRONIC = "electronic", "電磁的記録"


class ReleaseConfidence(Code):
    """How firm a release day is."""

    FIXED = "fixed", "確定"
    ESTIMATED = "estimated", "見込み"
    RANGE = "range", "幅あり"


class OffenceCategory(Code):
    """Coarse kinds of offences, never the words of a judgment: known values."""

    THEFT = "theft", "窃盗"
    FRAUD = "fraud", "詐欺"
    ASSAULT = "assault", "傷害・暴行"
    SEXUAL = "sexual", "性犯罪"
    ARSON = "arson", "放火"
    HOMICIDE = "homicide", "殺人等"
    DRUGS = "drugs", "薬物"
    TRAFFIC = "traffic", "交通"
    OTHER = "other", "その他"


class ProhibitionKind(Code):
    """What a person must keep away from: known values."""

    NO_CONTACT = "no_contact", "接触禁止"
    RESIDENCE_RESTRICTION = "residence_restriction", "居住制限"
    OTHER = "other", "その他"


class AttachmentKind(Code):
    """Papers that go with a request: known values."""

    PERSONAL_RECORD_EXCERPT = "personal_record_excerpt", "身上調査書抜粋"
    MEDICAL_INFORMATION = "medical_information", "診療情報"
    INTELLIGENCE_TEST = "intelligence_test", "知能検査"
    PLAN = "plan", "計画書"
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


class InterviewMode(Code):
    """How an interview is held."""

    IN_PERSON = "in_person", "対面"
    VIDEO = "video", "映像"
    PHONE = "phone", "電話"


class Need(Code):
    """What a person needs: known values."""

    HOUSING = "housing", "住まい"
    INCOME = "income", "収入"
    MEDICAL = "medical", "医療"
    CARE = "care", "介護"
    DAILY_ACTIVITY = "daily_activity", "日中活動"
    ADDICTION = "addiction", "依存"
    DEBT = "debt", "債務"
    GUARDIANSHIP = "guardianship", "権利擁護・成年後見"
    COMMUNICATION = "communication", "意思疎通"


class CommunicationSupport(Code):
    """What helps a person to understand and to be understood: known values."""

    EASY_JAPANESE = "easy_japanese", "やさしい日本語"
    FURIGANA = "furigana", "ふりがな"
    HEARING = "hearing", "聞こえへの配慮"
    SIGN = "sign", "手話"
    INTERPRETER = "interpreter", "通訳"


class TaskState(Code):
    """How far an item of a plan is."""

    PLANNED = "planned", "予定"
    DOING = "doing", "実施中"
    DONE = "done", "済"
    DROPPED = "dropped", "取りやめ"


class MunicipalityDuty(Code):
    """In which duty a municipality is in charge."""

    SERVICE_PROVISION = "service_provision", "援護の実施"
    PUBLIC_ASSISTANCE = "public_assistance", "保護の実施"
    INSURER = "insurer", "保険者"


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


class ContactBan(Code):
    """Whether a court has forbidden visits (接見禁止)."""

    NONE = "none", "なし"
    PARTIAL = "partial", "一部"
    FULL = "full", "全部"


class SupportStatus(Code):
    """As what the probation office treats a suspect."""

    PRIORITY_PLANNED = "priority_planned", "重点実施予定者"
    PRIORITY = "priority", "重点実施対象者"
    EQUIVALENT = "equivalent", "準ずる者"


class Readiness(Code):
    """The one word that a prosecutor is told."""

    READY = "ready", "調整済み"
    PARTLY = "partly", "一部調整済み"
    NOT_READY = "not_ready", "未調整"


class Feasibility(Code):
    """Whether support looks possible."""

    YES = "yes", "可"
    NO = "no", "否"
    UNCLEAR = "unclear", "不明"


class Route(Code):
    """Who noticed the need."""

    PROSECUTOR = "prosecutor", "検察庁から"
    PROBATION = "probation", "保護観察所から"


class AgeBand(Code):
    """An age without a birth date."""

    UNDER_20 = "under_20", "20歳未満"
    TWENTIES = "20_29", "20歳代"
    THIRTIES = "30_39", "30歳代"
    FORTIES = "40_49", "40歳代"
    FIFTIES = "50_59", "50歳代"
    EARLY_SIXTIES = "60_64", "60から64歳"
    LATE_SIXTIES = "65_69", "65から69歳"
    SEVENTIES = "70_79", "70歳代"
    OVER_80 = "80_over", "80歳以上"
    UNKNOWN = "unknown", "不明"


class DisabilityHint(Code):
    """What kind of disability there may be, before anything is established."""

    PHYSICAL = "physical", "身体"
    INTELLECTUAL = "intellectual", "知的"
    MENTAL = "mental", "精神"
    DEMENTIA = "dementia", "認知症"
    UNKNOWN = "unknown", "不明"


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


class SupporterKind(Code):
    """Who stands by a person who consents."""

    ADULT_GUARDIAN = "adult_guardian", "成年後見人"
    CURATOR = "curator", "保佐人"
    ASSISTANT = "assistant", "補助人"
    PARENT = "parent", "親権者"
    COUNSEL = "counsel", "弁護人"
    NONE = "none", "なし"


class ReturnReason(Code):
    """Why a request is returned, withdrawn or not taken: known values."""

    OUT_OF_AREA = "out_of_area", "管轄外"
    NO_RESOURCE = "no_resource", "受入れ体制がない"
    MISSING_INFORMATION = "missing_information", "情報の不足"
    REQUIREMENT_UNCLEAR = "requirement_unclear", "要件が不明確"
    WISH_CHANGED = "wish_changed", "希望の変更"
    NOT_FOUND = "not_found", "受入先が見つからない"
    OTHER = "other", "その他"


class RegionalDeclineReason(Code):
    """Why the center of the wished prefecture does not take a request (domain reference 3.c)."""

    NO_RESIDENCE_TIE = "no_residence_tie", "居住のつながりがない"
    NO_RESOURCE = "no_resource", "社会資源がない"
    WISH_UNCLEAR = "wish_unclear", "希望が不明確"
    LATE = "late", "釈放まで期間がない"
    OTHER = "other", "その他"


class PlacementLossReason(Code):
    """Why a placement falls through: known values."""

    FULL = "full", "満員"
    WITHDRAWN_BY_FACILITY = "withdrawn_by_facility", "受入先の辞退"
    WITHDRAWN_BY_SUBJECT = "withdrawn_by_subject", "本人の辞退"
    HEALTH = "health", "健康上の理由"
    RELEASE_MOVED = "release_moved", "釈放日の変更"
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


class Appointment(Code):
    """How counsel was appointed."""

    COURT = "court", "国選"
    PRIVATE = "private", "私選"
    DUTY = "duty", "当番"


class DefenceRequest(Code):
    """What counsel asks of a center: known values."""

    CONSULT = "consult", "相談"
    VISIT_WITH_COUNSEL = "visit_with_counsel", "弁護人との同行面会"
    PLAN_SUPPORT = "plan_support", "更生支援計画への協力"
    WITNESS = "witness", "情状証人"


class PlanKind(Code):
    """Which plan is shared."""

    REHABILITATION_SUPPORT = "rehabilitation_support", "更生支援計画書"
    SERVICE_ADJUSTMENT = "service_adjustment", "福祉サービス等調整計画"


class ProbationQuestion(Code):
    """What a center asks the probation office about counsel's client: known values."""

    PRIORITY_TARGET = "priority_target", "重点実施の対象とするか"
    EQUIVALENT_TARGET = "equivalent_target", "これに準ずる者とするか"
    OTHER = "other", "その他"


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


class CloseReason(Code):
    """Why a referral ends (終結事由)."""

    SETTLED = "settled", "帰住・受入先に定着"
    WITHDRAWN_BY_REQUESTER = "withdrawn_by_requester", "依頼の取下げ"
    DECLINED_BY_SUBJECT = "declined_by_subject", "本人の辞退"
    CONSENT_WITHDRAWN = "consent_withdrawn", "同意の撤回"
    NOT_SELECTED = "not_selected", "不選定"
    REQUIREMENT_LOST = "requirement_lost", "要件喪失(住居が確保された等)"
    FAMILY_TOOK_OVER = "family_took_over", "親族等の引受け"
    RELEASED_WITHOUT_PLACEMENT = "released_without_placement", "受入先未定のまま釈放"
    TRANSFERRED_INSTITUTION = "transferred_institution", "他施設へ移送(担当替え)"
    MOVED_TO_OTHER_CENTER = "moved_to_other_center", "他センターへ移管"
    PROSECUTOR_OBJECTED = "prosecutor_objected", "検察官の不相当意見"
    IMPRISONED = "imprisoned", "実刑・収容"
    REOFFENCE_CUSTODY = "reoffence_custody", "再逮捕・再入所"
    FURTHER_PROSECUTION = "further_prosecution", "余罪の起訴等で釈放延期"
    ACQUITTED_OR_CLEARED = "acquitted_or_cleared", "無罪・嫌疑なし"
    HOSPITALISED = "hospitalised", "入院(措置・医療保護・一般)"
    WHEREABOUTS_UNKNOWN = "whereabouts_unknown", "所在不明"
    HANDED_TO_LOCAL = "handed_to_local", "地域の支援者へ移行"
    ADVICE_ONLY = "advice_only", "助言のみで終了"
    OUT_OF_SCOPE = "out_of_scope", "対象外"
    NO_CAPACITY = "no_capacity", "受入れ不可"
    NOT_ACCEPTED = "not_accepted", "不受託・返戻"
    DEPORTATION = "deportation", "退去強制"
    DIED = "died", "死亡"
    ENTERED_IN_ERROR = "entered_in_error", "誤登録"


EXIT, ENTRY, REGIONAL, ADVICE = "a", "b", "c", "e"

_APPLIES: Mapping[CloseReason, str] = {
    CloseReason.SETTLED: "abc",
    CloseReason.WITHDRAWN_BY_REQUESTER: "abce",
    CloseReason.DECLINED_BY_SUBJECT: "abdefg",
    CloseReason.CONSENT_WITHDRAWN: "abcdfg",
    CloseReason.NOT_SELECTED: "a",
    CloseReason.REQUIREMENT_LOST: "a",
    CloseReason.FAMILY_TOOK_OVER: "ab",
    CloseReason.RELEASED_WITHOUT_PLACEMENT: "ab",
    CloseReason.TRANSFERRED_INSTITUTION: "ab",
    CloseReason.MOVED_TO_OTHER_CENTER: "acd",
    CloseReason.PROSECUTOR_OBJECTED: "b",
    CloseReason.IMPRISONED: "bd",
    CloseReason.REOFFENCE_CUSTODY: "d",
    CloseReason.FURTHER_PROSECUTION: "a",
    CloseReason.ACQUITTED_OR_CLEARED: "b",
    CloseReason.HOSPITALISED: "abdf",
    CloseReason.WHEREABOUTS_UNKNOWN: "bde",
    CloseReason.HANDED_TO_LOCAL: "de",
    CloseReason.ADVICE_ONLY: "e",
    CloseReason.OUT_OF_SCOPE: "e",
    CloseReason.NO_CAPACITY: "fg",
    CloseReason.NOT_ACCEPTED: "bc",
    CloseReason.DEPORTATION: "ab",
    CloseReason.DIED: "abcdefg",
    CloseReason.ENTERED_IN_ERROR: "abcdefg",
}

_KINDS_OF_FLOW: Mapping[str, frozenset[str]] = {
    "special_adjustment": frozenset({EXIT}),
    "suspect_support": frozenset({ENTRY}),
    # Counsel's route is entry support that a center handles as advice (domain reference 2.b).
    "defence_support": frozenset({ENTRY, ADVICE}),
    "regional_coordination": frozenset({REGIONAL}),
}


def close_reasons(flow: str) -> frozenset[CloseReason]:
    """The reasons for which a referral of this flow may end."""
    kinds = _KINDS_OF_FLOW.get(flow)
    if kinds is None:
        # A new flow may end for any reason until the field has said which ones apply.
        return frozenset(_APPLIES)
    return frozenset(reason for reason, applies in _APPLIES.items() if kinds & set(applies))
