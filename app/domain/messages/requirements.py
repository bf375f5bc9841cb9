"""The six requirements of special adjustment (特別調整の六要件), and what follows from them.

Source: 平成21年4月 法務省保観第244号, in the wording of the Osaka center's page; domain reference
3.a.
"""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.domain.messages.body import Part
from app.domain.messages.fields import AtLeastOne, Flag, PastDay, Several, Words
from app.domain.vocabulary.code import Known, OpenCode
from app.domain.vocabulary.consent import StatementMethod
from app.domain.vocabulary.disability import FindingBasis
from app.domain.vocabulary.selection import AdjustResult, NoResidenceBasis, WelfareService

NUMBERS = (1, 2, 3, 4, 5, 6)


class Requirement1(Part):
    """① Elderly (about 65 or more), or with a physical, intellectual or mental disability."""

    met: Annotated[Flag, Field(title="該当")]
    elderly: Annotated[Flag, Field(title="高齢(おおむね65歳以上)")]
    elderly_reason: Annotated[
        Words | None,
        Field(title="65歳未満で高齢とする理由", description="Never checked against 65."),
    ] = None
    physical: Annotated[Flag, Field(title="身体障害")]
    intellectual: Annotated[Flag, Field(title="知的障害")]
    mental: Annotated[Flag, Field(title="精神障害")]
    basis: Annotated[tuple[FindingBasis, ...], AtLeastOne, Field(title="根拠")]


class Requirement2(Part):
    """② No residence after release."""

    met: Annotated[Flag, Field(title="該当")]
    basis: Annotated[NoResidenceBasis | None, Field(title="根拠")] = None


class Requirement3(Part):
    """③ Needs welfare services to live a healthy and independent life after release."""

    met: Annotated[Flag, Field(title="該当")]
    services: Annotated[
        tuple[Annotated[OpenCode, Known(WelfareService)], ...],
        Several,
        Field(title="必要なサービス"),
    ] = ()


class Requirement4(Part):
    """④ Special adjustment is appropriate for a smooth return to society."""

    met: Annotated[Flag, Field(title="該当")]
    judged_by: Annotated[
        Annotated[OpenCode, Field(examples=["probation_office_head"])] | None,
        Field(title="判断者"),
    ] = None
    judged_on: Annotated[PastDay | None, Field(title="判断日")] = None


class Requirement5(Part):
    """⑤ Wishes to be a subject of special adjustment."""

    met: Annotated[Flag, Field(title="該当")]
    stated_on: Annotated[PastDay | None, Field(title="表明日")] = None
    method: Annotated[StatementMethod | None, Field(title="表明の方法")] = None


class Requirement6(Part):
    """⑥ Consents to the probation office giving personal information to the agencies concerned."""

    met: Annotated[Flag, Field(title="該当")]
    consent_id: Annotated[UUID | None, Field(title="同意記録の番号")] = None
    scope: Annotated[
        tuple[Annotated[OpenCode, Field(examples=["health_welfare_agencies"])], ...],
        Several,
        Field(title="同意の範囲"),
    ] = ()


class CandidateRequirements(Part):
    """What an institution can say of the requirements; ④ and ⑥ are for the probation office."""

    req1_elderly_or_disabled: Annotated[Requirement1, Field(title="① 高齢又は障害")]
    req2_no_residence_after_release: Annotated[Requirement2, Field(title="② 釈放後の住居なし")]
    req3_needs_welfare_services: Annotated[
        Requirement3, Field(title="③ 福祉サービス等を受ける必要")
    ]
    req4_appropriate_for_rehabilitation: Annotated[
        Requirement4 | None, Field(title="④ 特別調整の対象とすることの相当性")
    ] = None
    req5_wishes_to_be_subject: Annotated[Requirement5, Field(title="⑤ 本人の希望")]
    req6_consents_to_information_provision: Annotated[
        Requirement6 | None, Field(title="⑥ 個人情報の提供への同意")
    ] = None


class Requirements(CandidateRequirements):
    """All six requirements, each decided, each with its basis."""

    req4_appropriate_for_rehabilitation: Annotated[
        Requirement4, Field(title="④ 特別調整の対象とすることの相当性")
    ]
    req6_consents_to_information_provision: Annotated[
        Requirement6, Field(title="⑥ 個人情報の提供への同意")
    ]

    def outcome(self) -> tuple[bool, bool, bool, bool, bool, bool]:
        """The six answers, in order."""
        return (
            self.req1_elderly_or_disabled.met,
            self.req2_no_residence_after_release.met,
            self.req3_needs_welfare_services.met,
            self.req4_appropriate_for_rehabilitation.met,
            self.req5_wishes_to_be_subject.met,
            self.req6_consents_to_information_provision.met,
        )

    def numbers_met(self) -> list[int]:
        """The numbers of the requirements that are met."""
        return [number for number in NUMBERS if self.outcome()[number - 1]]

    def numbers_failed(self) -> list[int]:
        """The numbers of the requirements that are not met."""
        return [number for number in NUMBERS if not self.outcome()[number - 1]]

    def result(self) -> AdjustResult:
        """What may be selected; the wish is that of requirement ⑤."""
        outcome = self.outcome()
        return adjust_result(*outcome, wish=outcome[4])


def adjust_result(
    req1: bool, req2: bool, req3: bool, req4: bool, req5: bool, req6: bool, *, wish: bool
) -> AdjustResult:
    """What may be selected, from the six requirements and the person's wish for adjustment.

    Special adjustment (特別調整) needs all six. General adjustment (一般調整) is for those who have
    a residence: ① and ③, not ②, and the wish; ⑥ is then needed before anything is disclosed.
    """
    if req1 and req2 and req3 and req4 and req5 and req6:
        return AdjustResult.SPECIAL
    if req1 and req3 and not req2 and wish:
        return AdjustResult.GENERAL
    return AdjustResult.NONE
