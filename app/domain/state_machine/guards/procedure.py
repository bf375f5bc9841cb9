"""Guards of the criminal procedure: what was explained, the stage, the opinion, the disposition."""

from app.domain.messages.payloads.custody import FREEING, Disposed
from app.domain.state_machine.guard import First, Situation, Taken
from app.domain.state_machine.guards.base import body_as, guard
from app.domain.state_machine.known import KnownSituation
from app.domain.text import Text
from app.domain.vocabulary.procedure import Disposition, ProcedureStage
from app.domain.vocabulary.relief import ExplainedItem

ALL_ITEMS = Taken("/body/explained_items", all_of=tuple(item.value for item in ExplainedItem))
"""Where a prosecutor is a party."""
FREES = Taken("/body/disposition", tuple(d.value for d in Disposition if d in FREEING))
INDICTS = Taken("/body/disposition", (Disposition.INDICTED.value,))
IMPRISONS = Taken(
    "/body/disposition", (Disposition.IMPRISONMENT.value, Disposition.PARTIAL_SUSPENSION.value)
)
NOW_A_DEFENDANT = {"change": "further_prosecution", "custody_stage": "detained_defendant"}


@guard(
    "explained_all_items",
    Text("五つの事項をすべて説明すること", "all five items are explained"),
    Text(
        "検察官の経路では、五つの事項すべての説明が必要です。",
        "where a prosecutor is a party, all five items must have been explained",
    ),
    needs=("/body/explained_items",),
    takes=lambda _: (ALL_ITEMS,),
)
def explained_all_items(situation: Situation) -> list[str]:
    """Where a prosecutor is a party, all five items are explained."""
    if situation.party("prosecutor") is None:
        return []
    explained = set(getattr(situation.message.body, "explained_items", ()))
    return [] if explained.issuperset(ExplainedItem) else ["/body/explained_items"]


def _stage_is(situation: Situation, stage: ProcedureStage) -> list[str]:
    known = situation.referral.facts.get("procedure_stage")
    return [] if known == stage.value else ["/facts/procedure_stage"]


def _may_be(known: KnownSituation, stage: ProcedureStage) -> bool:
    """Whether it may be that stage. Not every seat knows."""
    return known.facts.get("procedure_stage", stage.value) == stage.value


@guard(
    "suspects_only",
    Text("被疑者であること", "the person is a suspect"),
    Text(
        "更生保護法83条の2の意見聴取は、勾留中の被疑者に限られます。",
        "the prosecutor's opinion is asked for suspects only (更生保護法83条の2)",
    ),
    of_the_moment=True,
    needs=("/facts/procedure_stage",),
    possible=lambda known: _may_be(known, ProcedureStage.SUSPECT),
)
def suspects_only(situation: Situation) -> list[str]:
    """The prosecutor is heard while the person is a suspect (更生保護法83条の2)."""
    return _stage_is(situation, ProcedureStage.SUSPECT)


@guard(
    "defendants_only",
    Text("被告人であること", "the person is a defendant"),
    Text(
        "この手続は、被告人の段階に限られます。",
        "this step is for defendants only",
    ),
    of_the_moment=True,
    needs=("/facts/procedure_stage",),
    possible=lambda known: _may_be(known, ProcedureStage.DEFENDANT),
    first=(
        First("change_custody", NOW_A_DEFENDANT, "procedure_stage", ProcedureStage.DEFENDANT.value),
    ),
)
def defendants_only(situation: Situation) -> list[str]:
    """The adjustment begins without the prosecutor's opinion for defendants only."""
    return _stage_is(situation, ProcedureStage.DEFENDANT)


@guard(
    "no_objection_standing",
    Text("検察官の不相当意見がないこと", "no objection of the prosecutor stands"),
    Text(
        "検察官の不相当意見があるため、調整を行うことができません。",
        "the prosecutor's objection stands, so no adjustment may be made",
    ),
    needs=("change_opinion",),
    possible=lambda known: known.facts.get("objection") is not True,
)
def no_objection_standing(situation: Situation) -> list[str]:
    """The center is not asked while the prosecutor objects."""
    return ["change_opinion"] if situation.referral.facts.get("objection") is True else []


@guard(
    "frees",
    Text("釈放となる処分であること", "the disposition frees the person"),
    Text("この処分では釈放となりません。", "the person is not free after this disposition"),
    needs=("/body/disposition",),
    takes=lambda _: (FREES,),
)
def frees(situation: Situation) -> list[str]:
    """The disposition must free the person."""
    return [] if body_as(situation, Disposed).frees else ["/body/disposition"]


@guard(
    "indicts",
    Text("公判請求であること", "the disposition is an indictment"),
    Text("この通知は公判請求に限られます。", "this step is for an indictment only"),
    needs=("/body/disposition",),
    takes=lambda _: (INDICTS,),
)
def indicts(situation: Situation) -> list[str]:
    """The disposition must be an indictment."""
    disposition = body_as(situation, Disposed).disposition
    return [] if disposition.value in INDICTS.values else ["/body/disposition"]


@guard(
    "imprisons",
    Text("実刑の判決であること", "the sentence is imprisonment"),
    Text("この通知は実刑(一部執行猶予を含む)に限られます。", "this step is for imprisonment only"),
    needs=("/body/disposition",),
    takes=lambda _: (IMPRISONS,),
)
def imprisons(situation: Situation) -> list[str]:
    """The sentence must be imprisonment, in full or in part."""
    sentence = body_as(situation, Disposed).disposition
    return [] if sentence.value in IMPRISONS.values else ["/body/disposition"]


@guard(
    "plan_has_first_night",
    Text("釈放当日の宿泊先を示すこと", "the plan says where the first night is spent"),
    Text(
        "釈放当日の宿泊先の住所を記載するか、none_yet としてください。",
        "give the address of the first night, or say none_yet",
    ),
    needs=("/body/first_night", "/body/first_night/address"),
)
def plan_has_first_night(situation: Situation) -> list[str]:
    """The plan must say where the person sleeps on the day of release, or that this is open."""
    night = getattr(situation.message.body, "first_night", None)
    if night is None:
        return ["/body/first_night"]
    return [] if night.none_yet or night.address is not None else ["/body/first_night/address"]
