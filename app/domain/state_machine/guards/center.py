"""Guards of a center's work: its area and services, placements, the day of release, its lead."""

from app.domain.calendar.business_days import is_closed
from app.domain.messages.payloads.custody import Arrangement
from app.domain.messages.payloads.support import Placement
from app.domain.state_machine.guard import First, Situation
from app.domain.state_machine.guards.base import body_as, guard
from app.domain.text import Text


@guard(
    "center_takes_area",
    Text("センターがその地域を担当すること", "the center takes this area"),
    Text(
        "依頼先のセンターは、依頼元の管轄も希望地も担当していません。",
        "the center is responsible neither for the sender's area nor for a wished one",
    ),
    needs=("/to/center",),
)
def center_takes_area(situation: Situation) -> list[str]:
    """The center is responsible where the sender is, or where the person wishes to live."""
    center = situation.joining.get("center")
    if center is None:
        return []
    flow = situation.referral.flow
    wished = getattr(situation.message.body, "desired_area", None) or ()
    areas = situation.sender.areas_for(flow) | {desired.area for desired in wished}
    return [] if situation.directory.serves(center, flow, areas) else ["/to/center"]


@guard(
    "center_offers_service",
    Text("センターが被疑者等支援業務を実施していること", "the center offers this service by now"),
    Text(
        "依頼先のセンターは、この日には被疑者等支援業務を実施していません。",
        "on this day the center does not offer support for suspects",
    ),
    needs=("/to/center",),
)
def center_offers_service(situation: Situation) -> list[str]:
    """The center must offer the service by now; without a recorded day it counts as doing so."""
    center = situation.joining.get("center")
    since = center.services.get("suspect_support") if center else None
    return ["/to/center"] if since is not None and since > situation.today else []


@guard(
    "one_agreed_placement",
    Text("内定した帰住先は一つであること", "only one placement is agreed"),
    Text(
        "同じ時期の帰住先がすでに内定しています。先に取消しを記録してください。",
        "a placement is agreed already; record that it is lost first",
    ),
    of_the_moment=True,
    needs=("lose_placement",),
    possible=lambda known: known.facts.get("placement_from") is None,
)
def one_agreed_placement(situation: Situation) -> list[str]:
    """Only one placement can be agreed at a time."""
    body_as(situation, Placement)
    agreed = situation.referral.facts.get("placement_from")
    return ["lose_placement"] if agreed is not None else []


@guard(
    "holiday_plan_for_closed_day",
    Text("閉庁日の釈放には対応を定めること", "a release on a closed day has a plan"),
    Text(
        "釈放予定日は閉庁日です。閉庁日の対応(holiday_plan)を記載してください。",
        "offices are closed on the day of release; say in holiday_plan what is done",
    ),
    needs=("/body/holiday_plan",),
)
def holiday_plan_for_closed_day(situation: Situation) -> list[str]:
    """A release on a closed day needs a plan, since no office is open."""
    arrangement = body_as(situation, Arrangement)
    needed = is_closed(arrangement.release_on) and arrangement.holiday_plan is None
    return ["/body/holiday_plan"] if needed else []


@guard(
    "is_lead",
    Text("主担当のセンターであること", "the sender leads the case"),
    Text(
        "広域調整を依頼できるのは、親の依頼の主担当センターに限られます。",
        "only the center that leads the parent's case may ask another center",
    ),
    of_the_moment=True,
    needs=("/lead",),
    unknown="it is asked of openings, which no referral lists",
)
def is_lead(situation: Situation) -> list[str]:
    """Only the center that leads the case asks another one."""
    return [] if situation.case.lead == situation.sender.id else ["/lead"]


@guard(
    "counsel_leave",
    Text("弁護人の了解があること", "counsel has given leave"),
    Text(
        "保護観察所への照会について、弁護人の了解が記録されていません。",
        "counsel has not given leave to ask the probation office",
    ),
    needs=("give_leave",),
    possible=lambda known: known.facts.get("probation_leave") is True,
    first=(First("give_leave", fact="probation_leave", value=True),),
)
def counsel_leave(situation: Situation) -> list[str]:
    """The center asks the probation office only with counsel's leave."""
    given = situation.referral.facts.get("probation_leave") is True
    return [] if given else ["give_leave"]
