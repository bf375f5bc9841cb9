"""Support: interviews, needs, the items of a plan, and the municipalities in charge."""

from app.domain.vocabulary.code import Code


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
