"""Codes of requests from counsel: how counsel is appointed, what is asked, which plan."""

from app.domain.vocabulary.code import Code


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
