"""The person whom a request is about: disability, certificates, areas, requirements, release."""

from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.domain.classes import C1, C2, C3, C4, C5, C6
from app.domain.messages.body import Body, Part
from app.domain.messages.fields import AreaCode, Count, Day, Flag, LifeDay, Name, Several, Words
from app.domain.messages.order import not_before
from app.domain.messages.person import Person, RegisteredAddress
from app.domain.messages.requirements import Requirements
from app.domain.vocabulary.code import Known, OpenCode
from app.domain.vocabulary.custody import ReleaseConfidence, ReleaseKind
from app.domain.vocabulary.disability import (
    CertificateKind,
    CertificateState,
    DisabilityCategory,
    FindingBasis,
    NoDisabilityReason,
)
from app.domain.vocabulary.procedure import OffenceCategory
from app.domain.vocabulary.residence import Confidentiality


class Finding(Part):
    """Whether a kind of disability is established, and on what."""

    present: Annotated[Flag, Field(title="障害の有無")]
    basis: Annotated[tuple[FindingBasis, ...], Several, Field(title="根拠")] = ()
    since: Annotated[LifeDay | None, Field(title="判明時期")] = None


class Disability(Part):
    """Three separate findings. The statistical column is derived from them, never chosen."""

    physical: Annotated[Finding, Field(title="身体障害")]
    intellectual: Annotated[Finding, Field(title="知的障害")]
    mental: Annotated[Finding, Field(title="精神障害(発達障害・高次脳機能障害を含む)")]
    other_reason: Annotated[
        NoDisabilityReason | None,
        Field(
            title="障害なしの場合の区分", description="Needed when none of the three is present."
        ),
    ] = None

    @model_validator(mode="after")
    def _one_or_a_reason(self) -> "Disability":
        if (self.category is DisabilityCategory.OTHER) != (self.other_reason is not None):
            raise PydanticCustomError(
                "other_reason", "other_reason is given exactly when no disability is established"
            )
        return self

    @property
    def category(self) -> DisabilityCategory:
        """The column of the yearly table."""
        findings = {"P": self.physical, "I": self.intellectual, "M": self.mental}
        letters = "".join(letter for letter, finding in findings.items() if finding.present)
        return DisabilityCategory[letters or "OTHER"]


class Certificate(Part):
    """A disability certificate or an official grade (手帳・区分・要介護認定)."""

    kind: Annotated[CertificateKind, Field(title="種別")]
    state: Annotated[CertificateState, Field(title="状態")]
    grade: Annotated[
        str | None, Field(title="等級", max_length=20, examples=["1", "A", "要支援1"])
    ] = None
    local_grade: Annotated[
        str | None, Field(title="自治体独自の等級", max_length=40, examples=["愛の手帳3度"])
    ] = None
    issuer_lgcode: Annotated[AreaCode | None, Field(title="交付自治体")] = None
    valid_until: Annotated[Day | None, Field(title="有効期限")] = None


class DesiredArea(Part):
    """A municipality or prefecture where the person wishes to live, with its rank."""

    area: Annotated[AreaCode, Field(title="希望地(全国地方公共団体コード)")]
    rank: Annotated[int, Field(title="順位", ge=1, le=10, strict=True)] = 1


class ExpectedRelease(Part):
    """When and how the person is likely to come out."""

    kind: Annotated[ReleaseKind, Field(title="釈放の種別")]
    date: Annotated[Day, Field(title="釈放予定日", description="The first day, if it is a range.")]
    confidence: Annotated[ReleaseConfidence, Field(title="確度")]
    latest: Annotated[
        Day | None, Field(title="幅の最終日", description="Given exactly for a range.")
    ] = None

    _in_order = not_before("date", "latest")

    @model_validator(mode="after")
    def _range_or_day(self) -> "ExpectedRelease":
        if (self.confidence is ReleaseConfidence.RANGE) != (self.latest is not None):
            raise PydanticCustomError("release_range", "latest is given exactly for a range")
        return self


class FamilyContact(Part):
    """A relative who may be spoken to, with that person's own consent."""

    name: Annotated[Name, Field(title="氏名")]
    relation: Annotated[Name, Field(title="続柄")]
    consents: Annotated[Flag, Field(title="親族等本人の同意")]
    contact: Annotated[Words | None, Field(title="連絡先")] = None


class Prohibition(Part):
    """Whom or what the person must keep away from."""

    kind: Annotated[OpenCode, Field(title="種別", examples=["no_contact", "residence_restriction"])]
    detail: Annotated[Words | None, Field(title="内容")] = None


OffenceCode = Annotated[OpenCode, Known(OffenceCategory)]


class About(Body):
    """What may go with any request, none of it required here: each flow says what it needs."""

    subject: Annotated[Person | None, C1, Field(title="本人")] = None
    disability: Annotated[Disability | None, C2, Field(title="障害")] = None
    certificates: Annotated[tuple[Certificate, ...] | None, C2, Several, Field(title="手帳等")] = (
        None
    )
    health_summary: Annotated[Words | None, C3, Field(title="健康状態の概要")] = None
    desired_area: Annotated[
        tuple[DesiredArea, ...] | None, C1, Several, Field(title="希望する帰住地")
    ] = None
    expected_release: Annotated[ExpectedRelease | None, C4, Field(title="釈放の見込み")] = None
    offence_category: Annotated[
        OffenceCode | None,
        C4,
        Field(title="罪名の大分類", description="Coarse, never the words of a judgment."),
    ] = None
    registered_address: Annotated[RegisteredAddress | None, C5, Field(title="住民登録")] = None
    confidential_information: Annotated[
        Annotated[OpenCode, Known(Confidentiality)] | None,
        C6,
        Field(title="秘匿情報 (GIF: confidentialInformation)"),
    ] = None
    prohibitions: Annotated[
        tuple[Prohibition, ...] | None, C6, Several, Field(title="遵守事項(接触禁止・居住制限)")
    ] = None
    family_contacts: Annotated[
        tuple[FamilyContact, ...] | None, C6, Several, Field(title="親族等")
    ] = None

    def release_facts(self) -> dict[str, str]:
        """The release day and kind, as far as this message says them."""
        expected = self.expected_release
        if expected is None:
            return {}
        return {"release_on": expected.date.isoformat(), "release_kind": expected.kind.value}


class Selection(Body):
    """A message that decides on, or rests on, all six requirements."""

    requirements: Annotated[Requirements, C2, Field(title="六要件")]


class Attachment(Part):
    """A paper that goes along outside this service, identified by its content."""

    kind: Annotated[OpenCode, Field(title="種別", examples=["personal_record_excerpt"])]
    sha256: Annotated[str, Field(title="SHA-256", pattern=r"^[0-9a-f]{64}$")]
    pages: Annotated[Count | None, Field(title="頁数")] = None
