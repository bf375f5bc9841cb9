"""The guards of the flows: conditions of a step, each with its name, its reason and what it needs.

A guard looks at the situation only. `needs` names fields and facts, never what stands in them.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeVar

from app.domain.body import Body
from app.domain.business_days import is_closed
from app.domain.guard import Guard, Objection, Situation
from app.domain.payloads.closing import Closed
from app.domain.payloads.custody import Arrangement, Disposed
from app.domain.payloads.eligibility import Selection
from app.domain.payloads.support import Placement
from app.domain.requirements import NUMBERS
from app.domain.text import Text
from app.domain.vocabulary import (
    AdjustResult,
    CloseReason,
    Disposition,
    ExplainedItem,
    ProcedureStage,
    close_reasons,
)

B = TypeVar("B", bound=Body)

SUSPENDED = "suspended_consent"


def said(situation: Situation, kind: type[B]) -> B:
    """The message's body, as the kind that a guard is for.

    Raises:
        TypeError: the guard stands in a row of another kind of message.
    """
    body = situation.message.body
    if not isinstance(body, kind):
        raise TypeError(f"{type(body).__name__} is not {kind.__name__}")
    return body


def guard(name: str, title: Text, reason: Text) -> Callable[[Callable[[Situation], object]], Guard]:
    """Make a guard of a predicate that answers what is missing, or nothing."""

    def made(missing: Callable[[Situation], object]) -> Guard:
        def check(situation: Situation) -> Objection | None:
            needs = missing(situation)
            if not needs:
                return None
            return Objection(reason, tuple(needs) if isinstance(needs, list) else ())

        return Guard(name, title, check)

    return made


@guard(
    "six_requirements_met",
    Text("六要件をすべて満たすこと", "all six requirements are met"),
    Text("六要件のうち満たさないものがあります。", "not all of the six requirements are met"),
)
def six_requirements_met(situation: Situation) -> list[str]:
    """Special adjustment needs all six."""
    requirements = said(situation, Selection).requirements
    if requirements.result() is AdjustResult.SPECIAL:
        return []
    return [f"requirement_{number}" for number in requirements.failed()]


@guard(
    "general_requirements",
    Text("一般調整の要件(①③に該当し②に該当しないこと)", "requirements 1 and 3 met, 2 not"),
    Text(
        "一般調整は、①と③に該当し、②に該当しない場合に限られます。",
        "general adjustment needs requirements 1 and 3, and a residence (2 not met)",
    ),
)
def general_requirements(situation: Situation) -> list[str]:
    """General adjustment is for those who have a residence."""
    req1, req2, req3, *_ = said(situation, Selection).requirements.outcome()
    right = (("requirement_1", req1), ("requirement_2_not", not req2), ("requirement_3", req3))
    return [name for name, holds in right if not holds]


@guard(
    "wish",
    Text("本人の希望があること", "the person wishes it"),
    Text("本人の希望(⑤)が確認されていません。", "the person's wish (requirement 5) is missing"),
)
def wish(situation: Situation) -> list[str]:
    """Nobody is adjusted against their will."""
    wishes = said(situation, Selection).requirements.req5_wishes_to_be_subject.met
    return [] if wishes else ["requirement_5"]


@guard(
    "requirement6_consent_valid",
    Text("⑥の同意が有効であること", "the consent of requirement 6 is valid"),
    Text(
        "⑥の個人情報提供の同意が、記録された有効な同意を指していません。",
        "requirement 6 does not name a consent that is recorded and valid today",
    ),
)
def requirement6_consent_valid(situation: Situation) -> list[str]:
    """Requirement 6 points to a consent that binds this referral and holds today."""
    sixth = said(situation, Selection).requirements.req6_consents_to_information_provision
    if not sixth.met:
        return ["requirement_6"]
    valid = {c.record.id for c in situation.consents if c.valid(situation.today)}
    return [] if sixth.consent_id in valid else ["requirement_6.consent_id"]


def _failed_numbers(situation: Situation) -> tuple[set[int], set[int] | None]:
    body = situation.message.body
    named = set(getattr(body, "failed_requirements", ()))
    requirements = getattr(body, "requirements", None)
    return named, set(requirements.failed()) if requirements else None


@guard(
    "failed_requirements_named",
    Text("満たさない要件の番号を挙げること", "the failed requirements are named by number"),
    Text(
        "不選定には、満たさない要件の番号を、要件の記載と一致するように挙げてください。",
        "name the numbers of the failed requirements, as the requirements themselves say",
    ),
)
def failed_requirements_named(situation: Situation) -> list[str]:
    """A person who is not selected is told which requirements failed."""
    named, failed = _failed_numbers(situation)
    if failed is None:
        return [] if named and named <= set(NUMBERS) else ["failed_requirements"]
    return [f"requirement_{number}" for number in sorted(named ^ failed)] or (
        [] if named else ["failed_requirements"]
    )


@guard(
    "result_as_selected",
    Text("選定の結果と一致すること", "the result is the one that was selected"),
    Text(
        "依頼書の調整区分が、選定された区分と異なります。",
        "the request names another result than the one that was selected",
    ),
)
def result_as_selected(situation: Situation) -> list[str]:
    """A request rests on the selection that was made."""
    selected = situation.referral.facts.get("adjust_result")
    return (
        []
        if getattr(situation.message.body, "adjust_result", None) == selected
        else ["adjust_result"]
    )


@guard(
    "center_takes_area",
    Text("センターがその地域を担当すること", "the center takes this area"),
    Text(
        "依頼先のセンターは、依頼元の管轄も希望地も担当していません。",
        "the center is responsible neither for the sender's area nor for a wished one",
    ),
)
def center_takes_area(situation: Situation) -> list[str]:
    """The center is responsible where the sender is, or where the person wishes to live."""
    center = situation.joining.get("center")
    if center is None:
        return []
    flow = situation.referral.flow
    wished = getattr(situation.message.body, "desired_area", None) or ()
    areas = situation.sender.areas_for(flow) | {desired.area for desired in wished}
    return [] if situation.directory.serves(center, flow, areas) else ["to.center"]


@guard(
    "center_offers_service",
    Text("センターが被疑者等支援業務を実施していること", "the center offers this service by now"),
    Text(
        "依頼先のセンターは、この日には被疑者等支援業務を実施していません。",
        "on this day the center does not offer support for suspects",
    ),
)
def center_offers_service(situation: Situation) -> list[str]:
    """Not every center began at once; a center without a recorded day is taken to offer it."""
    center = situation.joining.get("center")
    since = center.services.get("suspect_support") if center else None
    return ["to.center"] if since is not None and since > situation.today else []


@guard(
    "one_agreed_placement",
    Text("内定した帰住先は一つであること", "only one placement is agreed"),
    Text(
        "同じ時期の帰住先がすでに内定しています。先に取消しを記録してください。",
        "a placement is agreed already; record that it is lost first",
    ),
)
def one_agreed_placement(situation: Situation) -> list[str]:
    """One bed at a time."""
    said(situation, Placement)
    agreed = situation.referral.facts.get("placement_from")
    return ["lose_placement"] if agreed is not None else []


@guard(
    "holiday_plan_for_closed_day",
    Text("閉庁日の釈放には対応を定めること", "a release on a closed day has a plan"),
    Text(
        "釈放予定日は閉庁日です。閉庁日の対応(holiday_plan)を記載してください。",
        "offices are closed on the day of release; say in holiday_plan what is done",
    ),
)
def holiday_plan_for_closed_day(situation: Situation) -> list[str]:
    """On New Year's Day no office registers anybody."""
    arrangement = said(situation, Arrangement)
    needed = is_closed(arrangement.release_on) and arrangement.holiday_plan is None
    return ["holiday_plan"] if needed else []


@guard(
    "consent_withdrawn",
    Text("同意が撤回されていること", "consent is withdrawn"),
    Text(
        "この依頼に及ぶ同意の撤回が記録されていません。",
        "no withdrawn consent is recorded that binds this referral",
    ),
)
def consent_withdrawn(situation: Situation) -> list[str]:
    """A withdrawal is confirmed only after it was made, here or above."""
    if situation.referral.state == SUSPENDED:
        return []
    return ["withdraw_consent"]


@guard(
    "ancestors_not_suspended",
    Text("親の依頼が同意停止中でないこと", "no referral above is suspended"),
    Text(
        "親の依頼が同意停止中です。先に親の依頼で同意を得てください。",
        "a referral above is suspended; consent must be renewed there first",
    ),
)
def ancestors_not_suspended(situation: Situation) -> list[str]:
    """What is stopped above is not resumed below."""
    stopped = any(
        SUSPENDED in (above.state, *above.back)
        for above in situation.case.ancestors(situation.referral)
    )
    return ["parent.renew_consent"] if stopped else []


@guard(
    "close_reason_allowed",
    Text("この依頼で使える終結事由であること", "the flow knows this reason for closing"),
    Text(
        "この終結事由は、この依頼の種類または現在の状態では使えません。",
        "this reason for closing is not one of this flow, or not of this state",
    ),
)
def close_reason_allowed(situation: Situation) -> list[str]:
    """Each flow has its reasons; that somebody settled is said where they have settled."""
    reason = said(situation, Closed).close_reason
    if reason not in close_reasons(situation.referral.flow):
        return ["close_reason"]
    settled = situation.referral.state in {"settled", "community_support"}
    return ["close_reason"] if reason is CloseReason.SETTLED and not settled else []


@guard(
    "closed_for_objection",
    Text("検察官の不相当意見による終結であること", "it is closed for the prosecutor's objection"),
    Text(
        "停止中の終結事由は「検察官の不相当意見」に限られます。",
        "while the objection stands, prosecutor_objected is the only reason for closing",
    ),
)
def closed_for_objection(situation: Situation) -> list[str]:
    """A stopped referral ends for what stopped it."""
    reason = said(situation, Closed).close_reason
    return [] if reason is CloseReason.PROSECUTOR_OBJECTED else ["close_reason"]


@guard(
    "explained_all_items",
    Text("五つの事項をすべて説明すること", "all five items are explained"),
    Text(
        "検察官の経路では、五つの事項すべての説明が必要です。",
        "where a prosecutor is a party, all five items must have been explained",
    ),
)
def explained_all_items(situation: Situation) -> list[str]:
    """Before a prosecutor's suspect is asked for consent, five things are explained."""
    if situation.party("prosecutor") is None:
        return []
    told = set(getattr(situation.message.body, "explained_items", ()))
    return [item.value for item in ExplainedItem if item.value not in told]


def _stage_is(situation: Situation, stage: ProcedureStage) -> list[str]:
    known = situation.referral.facts.get("procedure_stage")
    return [] if known == stage.value else ["procedure_stage"]


@guard(
    "suspects_only",
    Text("被疑者であること", "the person is a suspect"),
    Text(
        "更生保護法83条の2の意見聴取は、勾留中の被疑者に限られます。",
        "the prosecutor's opinion is asked for suspects only (更生保護法83条の2)",
    ),
)
def suspects_only(situation: Situation) -> list[str]:
    """The article binds while the person is a suspect."""
    return _stage_is(situation, ProcedureStage.SUSPECT)


@guard(
    "defendants_only",
    Text("被告人であること", "the person is a defendant"),
    Text(
        "この手続は、被告人の段階に限られます。",
        "this step is for defendants only",
    ),
)
def defendants_only(situation: Situation) -> list[str]:
    """A defendant's adjustment begins without the prosecutor's opinion."""
    return _stage_is(situation, ProcedureStage.DEFENDANT)


@guard(
    "no_objection_standing",
    Text("検察官の不相当意見がないこと", "no objection of the prosecutor stands"),
    Text(
        "検察官の不相当意見があるため、調整を行うことができません。",
        "the prosecutor's objection stands, so no adjustment may be made",
    ),
)
def no_objection_standing(situation: Situation) -> list[str]:
    """An objection stops everything that would disclose."""
    return ["change_opinion"] if situation.referral.facts.get("objection") is True else []


@guard(
    "frees",
    Text("釈放となる処分であること", "the disposition frees the person"),
    Text("この処分では釈放となりません。", "the person is not free after this disposition"),
)
def frees(situation: Situation) -> list[str]:
    """A release follows only from a disposition that frees."""
    return [] if said(situation, Disposed).frees else ["disposition"]


@guard(
    "indicts",
    Text("公判請求であること", "the disposition is an indictment"),
    Text("この通知は公判請求に限られます。", "this step is for an indictment only"),
)
def indicts(situation: Situation) -> list[str]:
    """A defendant is one who is indicted."""
    indicted = said(situation, Disposed).disposition is Disposition.INDICTED
    return [] if indicted else ["disposition"]


@guard(
    "imprisons",
    Text("実刑の判決であること", "the sentence is imprisonment"),
    Text("この通知は実刑(一部執行猶予を含む)に限られます。", "this step is for imprisonment only"),
)
def imprisons(situation: Situation) -> list[str]:
    """Only who goes to prison leaves this flow that way."""
    sentence = said(situation, Disposed).disposition
    imprisoned = sentence in {Disposition.IMPRISONMENT, Disposition.PARTIAL_SUSPENSION}
    return [] if imprisoned else ["disposition"]


@guard(
    "plan_has_first_night",
    Text("釈放当日の宿泊先を示すこと", "the plan says where the first night is spent"),
    Text(
        "釈放当日の宿泊先の住所を記載するか、none_yet としてください。",
        "give the address of the first night, or say none_yet",
    ),
)
def plan_has_first_night(situation: Situation) -> list[str]:
    """The first night comes first."""
    night = getattr(situation.message.body, "first_night", None)
    if night is None:
        return ["first_night"]
    return [] if night.none_yet or night.address is not None else ["first_night.address"]


@guard(
    "written_application",
    Text("書面による申出であること", "the application is in writing"),
    Text("更生緊急保護の申出は書面によります。", "relief is applied for in writing (省令118条)"),
)
def written_application(situation: Situation) -> list[str]:
    """An application for relief is on paper, signed by the person."""
    return [] if getattr(situation.message.body, "written", False) else ["written"]


def months_after(day: date, months: int) -> date:
    """The last day of a period of months that begins on `day` (民法143条: the eve of its date)."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    if day.day > last:
        return date(year, month, last)
    return date(year, month, day.day) - timedelta(days=1)


def _relief(situation: Situation, months: int) -> list[str]:
    start, end = _relief_period(situation)
    released = _released_on(situation)
    if start is None or end is None or end < start:
        return ["relief_from", "relief_until"]
    if released is not None and start < released:
        return ["relief_from"]
    return ["relief_until"] if end > months_after(released or start, months) else []


def _relief_period(situation: Situation) -> tuple[date | None, date | None]:
    body = situation.message.body
    start = getattr(body, "relief_from", None) or _day(situation, "relief_from")
    return start, getattr(body, "relief_until", None)


def _released_on(situation: Situation) -> date | None:
    return _day(situation, "released_on")


def _day(situation: Situation, fact: str) -> date | None:
    known = situation.referral.facts.get(fact)
    return date.fromisoformat(known) if isinstance(known, str) else None


@guard(
    "relief_period_within_six_months",
    Text("期間は釈放から6月以内であること", "the period ends within six months of release"),
    Text(
        "更生緊急保護の期間は、釈放の日から6月を超えない範囲で定めます。",
        "relief lasts six months from the day of release at most",
    ),
)
def relief_period_within_six_months(situation: Situation) -> list[str]:
    """Relief begins with release and ends within six months (更生保護法85条4項)."""
    return _relief(situation, months=6)


@guard(
    "extension_conditions",
    Text("省令121条の三つの要件を満たすこと", "the three conditions of the ordinance are met"),
    Text(
        "期間の延長には、新たな書面の申出と省令121条の三つの要件が必要です。",
        "an extension needs a new written application and the three conditions of 省令121条",
    ),
)
def extension_conditions(situation: Situation) -> list[str]:
    """A new application, three conditions, and two years in all at most (更生保護法85条4項)."""
    body = situation.message.body
    wanted = ("written", "condition_1_met", "condition_2_met", "condition_3_met")
    missing = [name for name in wanted if not getattr(body, name, False)]
    return missing or _relief(situation, months=24)


@guard(
    "counsel_leave",
    Text("弁護人の了解があること", "counsel has given leave"),
    Text(
        "保護観察所への照会について、弁護人の了解が記録されていません。",
        "counsel has not given leave to ask the probation office",
    ),
)
def counsel_leave(situation: Situation) -> list[str]:
    """What counsel entrusted goes no further without counsel."""
    given = situation.referral.facts.get("probation_leave") is True
    return [] if given else ["give_leave"]


@guard(
    "is_lead",
    Text("主担当のセンターであること", "the sender leads the case"),
    Text(
        "広域調整を依頼できるのは、親の依頼の主担当センターに限られます。",
        "only the center that leads the parent's case may ask another center",
    ),
)
def is_lead(situation: Situation) -> list[str]:
    """One center leads at any time, and only that one asks."""
    return [] if situation.case.lead == situation.sender.id else ["lead"]


def happened(field: str) -> Guard:
    """A guard that a day has come: what is reported as done was not done tomorrow."""

    def check(situation: Situation) -> Objection | None:
        day = getattr(situation.message.body, field, None)
        late = isinstance(day, date) and day > situation.today
        return Objection(NOT_YET, (field,)) if late else None

    return Guard(f"{field}_has_come", Text("その日が到来していること", "the day has come"), check)


NOT_YET = Text(
    "まだ到来していない日が、済んだこととして記載されています。",
    "a day that has not come is reported as past",
)
