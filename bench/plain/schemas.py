"""The request and its answer. The codes are the service's own, so that both take the same."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.domain.vocabulary.custody import ReleaseConfidence, ReleaseKind, TreatmentCourse
from app.domain.vocabulary.disability import (
    CertificateKind,
    CertificateState,
    FindingBasis,
    NoDisabilityReason,
)
from app.domain.vocabulary.person import DatePrecision, Sex
from app.domain.vocabulary.procedure import SentenceKind
from app.domain.vocabulary.residence import RegistrationState
from app.domain.vocabulary.selection import NoResidenceBasis

Name = Annotated[str, Field(min_length=1, max_length=100)]
Words = Annotated[str, Field(min_length=1, max_length=1000)]
AreaCode = Annotated[str, Field(pattern=r"^[0-9]{6}$")]
Code = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]


class Part(BaseModel):
    """A part of the request, which takes no unknown field."""

    model_config = ConfigDict(extra="forbid")


class Address(Part):
    """An address."""

    full_address: Words
    local_government_code: AreaCode | None = None
    prefecture: Name | None = None
    city_and_county: Name | None = None
    street_address: Name | None = None
    postal_code: Annotated[str, Field(pattern=r"^[0-9]{3}-?[0-9]{4}$")] | None = None


class Person(Part):
    """The person."""

    family_name: Name
    given_name: Name
    family_name_kana: Name | None = None
    given_name_kana: Name | None = None
    date_of_birth: date | None = None
    dob_precision: DatePrecision = DatePrecision.DAY
    sex: Sex = Sex.UNKNOWN
    nationality: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    address: Address | None = None


class Requirement1(Part):
    """Elderly or disabled."""

    met: bool
    elderly: bool
    elderly_reason: Words | None = None
    physical: bool
    intellectual: bool
    mental: bool
    basis: Annotated[list[FindingBasis], Field(min_length=1, max_length=50)]


class Requirement2(Part):
    """No residence after release."""

    met: bool
    basis: NoResidenceBasis | None = None


class Requirement3(Part):
    """Needs welfare services."""

    met: bool
    services: Annotated[list[Code], Field(max_length=50)] = []


class Requirement5(Part):
    """Wishes to be a subject of special adjustment."""

    met: bool
    stated_on: date | None = None
    method: Code | None = None


class Requirements(Part):
    """What an institution can say of the requirements."""

    req1_elderly_or_disabled: Requirement1
    req2_no_residence_after_release: Requirement2
    req3_needs_welfare_services: Requirement3
    req5_wishes_to_be_subject: Requirement5


class Finding(Part):
    """Whether a kind of disability is established."""

    present: bool
    basis: Annotated[list[FindingBasis], Field(max_length=50)] = []
    since: date | None = None


class Disability(Part):
    """Three findings, or the reason why there is none."""

    physical: Finding
    intellectual: Finding
    mental: Finding
    other_reason: NoDisabilityReason | None = None

    @model_validator(mode="after")
    def check_reason(self) -> "Disability":
        """A reason is given exactly when no disability is established."""
        present = self.physical.present or self.intellectual.present or self.mental.present
        if present == (self.other_reason is not None):
            raise ValueError("other_reason is given exactly when no disability is established")
        return self


class Certificate(Part):
    """A disability certificate."""

    kind: CertificateKind
    state: CertificateState
    grade: Annotated[str, Field(max_length=20)] | None = None
    local_grade: Annotated[str, Field(max_length=40)] | None = None
    issuer_lgcode: AreaCode | None = None
    valid_until: date | None = None


class DesiredArea(Part):
    """Where the person wishes to live."""

    area: AreaCode
    rank: Annotated[int, Field(ge=1, le=10)] = 1


class ExpectedRelease(Part):
    """When and how the person is likely to come out."""

    kind: ReleaseKind
    date: date
    confidence: ReleaseConfidence


class RegisteredAddress(Part):
    """Where the person is registered."""

    registration_state: RegistrationState
    address: Address | None = None


class NotifyCandidate(Part):
    """The body: a candidate is notified to the probation office."""

    type: Literal["special_adjustment.notify_candidate"]
    subject: Person
    sentence_kind: SentenceKind
    sentence_end_date: date
    parole_eligible_from: date | None
    treatment_course: TreatmentCourse | None = None
    requirements: Requirements
    disability: Disability
    certificates: Annotated[list[Certificate], Field(max_length=50)] | None = None
    health_summary: Words | None = None
    desired_area: Annotated[list[DesiredArea], Field(max_length=50)] | None = None
    expected_release: ExpectedRelease | None = None
    registered_address: RegisteredAddress | None = None
    wish_confirmed_on: date


DATA_CLASSES = {
    "type": "C0",
    "subject": "C1",
    "desired_area": "C1",
    "requirements": "C2",
    "disability": "C2",
    "certificates": "C2",
    "wish_confirmed_on": "C2",
    "health_summary": "C3",
    "sentence_kind": "C4",
    "sentence_end_date": "C4",
    "parole_eligible_from": "C4",
    "treatment_course": "C4",
    "expected_release": "C4",
    "registered_address": "C5",
}
"""The data class of each field of the body."""


class NewReferral(Part):
    """The request: a message that opens a referral."""

    id: UUID
    occurred_on: date
    legal_basis: Code | None = None
    urgency: Literal["normal", "urgent", "emergency"] = "normal"
    body: NotifyCandidate


class Accepted(BaseModel):
    """The answer."""

    referral_id: UUID
    message_id: UUID
    state: str
    accepted_at: datetime
    digest: str
    receipt: str
    version: str
    urgency: str
