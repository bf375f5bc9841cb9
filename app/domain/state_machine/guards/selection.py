"""Guards of the selection and of its six requirements."""

from app.domain.messages.payloads.eligibility import Selection
from app.domain.messages.requirements import NUMBERS, Requirements
from app.domain.state_machine.guard import Situation, Taken
from app.domain.state_machine.guards.base import body_as, guard
from app.domain.text import Text
from app.domain.vocabulary.selection import AdjustResult

ALL_MET = tuple(f"/body/requirements/{name}/met" for name in Requirements.model_fields)
"""Where a selection says of each requirement, in order, whether it is met."""
CONSENT_OF_6 = "/body/requirements/req6_consents_to_information_provision/consent_id"


@guard(
    "six_requirements_met",
    Text("六要件をすべて満たすこと", "all six requirements are met"),
    Text("六要件のうち満たさないものがあります。", "not all of the six requirements are met"),
    needs=ALL_MET,
    takes=lambda _: tuple(Taken(pointer, (True,)) for pointer in ALL_MET),
)
def six_requirements_met(situation: Situation) -> list[str]:
    """Special adjustment needs all six."""
    requirements = body_as(situation, Selection).requirements
    if requirements.result() is AdjustResult.SPECIAL:
        return []
    return [ALL_MET[number - 1] for number in requirements.numbers_failed()]


@guard(
    "general_requirements",
    Text("一般調整の要件(①③に該当し②に該当しないこと)", "requirements 1 and 3 met, 2 not"),
    Text(
        "一般調整は、①と③に該当し、②に該当しない場合に限られます。",
        "general adjustment needs requirements 1 and 3, and a residence (2 not met)",
    ),
    needs=(ALL_MET[0], ALL_MET[1], ALL_MET[2]),
    takes=lambda _: tuple(Taken(p, (p != ALL_MET[1],)) for p in ALL_MET[:3]),
)
def general_requirements(situation: Situation) -> list[str]:
    """General adjustment is for those who have a residence."""
    req1, req2, req3, *_ = body_as(situation, Selection).requirements.outcome()
    right = zip(ALL_MET[:3], (req1, not req2, req3), strict=True)
    return [pointer for pointer, holds in right if not holds]


@guard(
    "wish",
    Text("本人の希望があること", "the person wishes it"),
    Text("本人の希望(⑤)が確認されていません。", "the person's wish (requirement 5) is missing"),
    needs=(ALL_MET[4],),
    takes=lambda _: (Taken(ALL_MET[4], (True,)),),
)
def wish(situation: Situation) -> list[str]:
    """The person must wish for the adjustment."""
    wishes = body_as(situation, Selection).requirements.req5_wishes_to_be_subject.met
    return [] if wishes else [ALL_MET[4]]


@guard(
    "requirement6_consent_valid",
    Text("⑥の同意が有効であること", "the consent of requirement 6 is valid"),
    Text(
        "⑥の個人情報提供の同意が、記録された有効な同意を指していません。",
        "requirement 6 does not name a consent that is recorded and valid today",
    ),
    needs=(ALL_MET[5], CONSENT_OF_6),
    takes=lambda _: (Taken(ALL_MET[5], (True,)),),
)
def requirement6_consent_valid(situation: Situation) -> list[str]:
    """Requirement 6 points to a consent that binds this referral and holds today."""
    sixth = body_as(situation, Selection).requirements.req6_consents_to_information_provision
    if not sixth.met:
        return [ALL_MET[5]]
    valid = {c.record.id for c in situation.known_consents if c.valid(situation.today)}
    return [] if sixth.consent_id in valid else [CONSENT_OF_6]


def _failed_numbers(situation: Situation) -> tuple[set[int], set[int] | None]:
    body = situation.message.body
    named = set(getattr(body, "failed_requirements", ()))
    requirements = getattr(body, "requirements", None)
    return named, set(requirements.numbers_failed()) if requirements else None


@guard(
    "failed_requirements_named",
    Text("満たさない要件の番号を挙げること", "the failed requirements are named by number"),
    Text(
        "不選定には、満たさない要件の番号を、要件の記載と一致するように挙げてください。",
        "name the numbers of the failed requirements, as the requirements themselves say",
    ),
    needs=("/body/failed_requirements",),
)
def failed_requirements_named(situation: Situation) -> list[str]:
    """The numbers that are named must be those of the failed requirements."""
    named, failed = _failed_numbers(situation)
    if failed is None:
        return [] if named and named <= set(NUMBERS) else ["/body/failed_requirements"]
    return [] if named and named == failed else ["/body/failed_requirements"]


@guard(
    "result_as_selected",
    Text("選定の結果と一致すること", "the result is the one that was selected"),
    Text(
        "依頼書の調整区分が、選定された区分と異なります。",
        "the request names another result than the one that was selected",
    ),
    needs=("/body/adjust_result",),
    takes=lambda _: (Taken("/body/adjust_result", fact="adjust_result"),),
)
def result_as_selected(situation: Situation) -> list[str]:
    """A request must name the result that was selected."""
    selected = situation.referral.facts.get("adjust_result")
    return (
        []
        if getattr(situation.message.body, "adjust_result", None) == selected
        else ["/body/adjust_result"]
    )
