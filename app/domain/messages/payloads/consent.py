"""Consent on the wire: recorded, withdrawn, renewed.

Source: domain reference 4.3. What the rules need stays C0: ids, recipients, classes and dates,
which say nothing of the person; the rest is classed by what it tells.
"""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from app.domain.classes import C0, C2, C3, C6, DataClass
from app.domain.consents.consent import ConsentRecord
from app.domain.messages.body import Body, Part
from app.domain.messages.facts import Fact
from app.domain.messages.fields import (
    AgencyId,
    AtLeastOne,
    Day,
    Name,
    PastDay,
    Recipient,
    SeatId,
    Several,
    Sha256,
    Words,
)
from app.domain.vocabulary.code import Known, OpenCode
from app.domain.vocabulary.consent import (
    ConsentPurpose,
    CriminalItem,
    StatementMethod,
    SupporterKind,
)
from app.domain.vocabulary.person import CommunicationSupport
from app.domain.vocabulary.relief import ExplainedItem


class Supporter(Part):
    """Who stood by the person."""

    kind: Annotated[SupporterKind, Field(title="立場")]
    name: Annotated[Name | None, Field(title="氏名")] = None


class RecordedConsent(Body):
    """A consent: for one purpose, to named recipients, in named classes, never in general."""

    consent_id: Annotated[
        UUID,
        C0,
        Field(title="同意記録の番号", description="Chosen by the sender, unique for ever."),
    ]
    purpose: Annotated[
        Annotated[OpenCode, Known(ConsentPurpose, alone=True)],
        C0,
        Field(title="目的", description="One of the known values; others are refused."),
    ]
    recipients: Annotated[
        tuple[Recipient, ...],
        C0,
        AtLeastOne,
        Field(title="提供先", description="Agency ids, or kinds of agency."),
    ]
    item_classes: Annotated[
        tuple[DataClass, ...], C0, AtLeastOne, Field(title="提供する情報の種類")
    ]
    c4_items: Annotated[
        tuple[Annotated[OpenCode, Known(CriminalItem)], ...] | None,
        C0,
        Several,
        Field(
            title="刑事に関する事項のうち同意した項目", description="Kinds of item, not content."
        ),
    ] = None
    valid_from: Annotated[Day, C0, Field(title="有効期間の初日")]
    valid_until: Annotated[
        Day | None, C0, Field(title="有効期間の末日", description="Left out: until withdrawn.")
    ] = None
    obtained_on: Annotated[PastDay, C0, Field(title="取得日")]
    method: Annotated[StatementMethod, C0, Field(title="方法")]
    form_sha256: Annotated[Sha256 | None, C0, Field(title="同意書のSHA-256")] = None
    obtained_by_seat: Annotated[
        SeatId | None,
        C0,
        Field(title="取得した席", description="Left out: the seat that sends this."),
    ] = None
    explained_items: Annotated[
        tuple[Annotated[OpenCode, Known(ExplainedItem)], ...] | None,
        C2,
        Several,
        Field(title="説明した事項"),
    ] = None
    place: Annotated[Name | None, C2, Field(title="取得した場所")] = None
    communication_aids: Annotated[
        tuple[Annotated[OpenCode, Known(CommunicationSupport)], ...] | None,
        C2,
        Several,
        Field(title="意思疎通の支援"),
    ] = None
    refused_items: Annotated[
        tuple[OpenCode, ...] | None, C2, Several, Field(title="同意しなかった項目")
    ] = None
    capacity_note: Annotated[Words | None, C3, Field(title="判断能力に関する所見")] = None
    supporter: Annotated[Supporter | None, C6, Field(title="立会人・支援者")] = None

    @field_validator("purpose", mode="after")
    @classmethod
    def _known_purpose(cls, purpose: str) -> str:
        # It is kept in clear, and a consent for a purpose that no flow has never counts.
        taken = list(ConsentPurpose.titles())
        if purpose not in taken:
            raise PydanticCustomError(
                "unknown_purpose", "one of the known purposes", {"takes": taken}
            )
        return purpose

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "RecordedConsent":
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise PydanticCustomError("consent_period", "valid_until lies before valid_from")
        return self

    def consent_record(self) -> ConsentRecord | None:
        """The consent as a record for the rules."""
        return ConsentRecord(
            id=self.consent_id,
            purpose=self.purpose,
            recipients=self.recipients,
            classes=frozenset(self.item_classes),
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )

    def facts(self) -> Mapping[str, Fact]:
        """None: consents are stored apart from facts."""
        return {}


class WithdrawnConsent(Body):
    """What the person takes back. New disclosures stop at once, here and in the referrals below.

    Without `consent_ids` it withdraws every consent recorded in this referral or below it, and none
    that was recorded above: a withdrawal that is to reach the parent names the parent's consents.

    With `withdrawn_items` the rest of the consents stands, and counts again once consent is
    renewed; until then nothing is told, since it has to be asked anew what may be.
    """

    withdrawn_on: Annotated[PastDay, C0, Field(title="撤回の日")]
    consent_ids: Annotated[
        tuple[UUID, ...] | None,
        C0,
        AtLeastOne,
        Field(
            title="撤回する同意",
            description="Left out: every consent recorded in this referral or below. One recorded"
            " in a referral above it has to be named.",
        ),
    ] = None
    withdrawn_items: Annotated[
        tuple[DataClass | Recipient, ...] | None,
        C0,
        AtLeastOne,
        Field(
            title="撤回する項目",
            description="Classes, agency ids or kinds of agency. Left out: the whole consent.",
        ),
    ] = None
    method: Annotated[StatementMethod | None, C0, Field(title="方法")] = None

    def consents_withdrawn(self) -> frozenset[UUID] | None:
        """The consents that are named; an empty set stands for all of this referral."""
        return frozenset(self.consent_ids or ())

    def items_withdrawn(self) -> frozenset[str]:
        """The items that are withdrawn; an empty set withdraws the consents as a whole."""
        return frozenset(map(str, self.withdrawn_items or ()))


class ConfirmedConsent(Body):
    """The party that vouches confirms a claim: from now on it counts as a consent."""

    consent_id: Annotated[UUID, C0, Field(title="確認する同意", description="A claim.")]
    confirmed_on: Annotated[PastDay, C0, Field(title="確認日")]

    def consents_confirmed(self) -> frozenset[UUID]:
        """The claim."""
        return frozenset({self.consent_id})


class RefusedConsent(Body):
    """The party that vouches refuses a claim: it will never count."""

    consent_id: Annotated[UUID, C0, Field(title="確認しない同意", description="A claim.")]
    refused_on: Annotated[PastDay, C0, Field(title="確認しないこととした日")]

    def consents_refused(self) -> frozenset[UUID]:
        """The claim."""
        return frozenset({self.consent_id})


class WithdrawalRetracted(Body):
    """It was established that a withdrawal was recorded in error.

    Each consent that is named counts again as it did before its last withdrawal.
    """

    consent_ids: Annotated[
        tuple[UUID, ...],
        C0,
        AtLeastOne,
        Field(title="誤って撤回と記録された同意", description="Each is withdrawn."),
    ]
    established_on: Annotated[PastDay, C0, Field(title="確認日")]

    def consents_restored(self) -> frozenset[UUID]:
        """The consents."""
        return frozenset(self.consent_ids)


class RecordReported(Body):
    """The service reports that in a referral below a consent was recorded, which counts there."""

    consent_id: Annotated[UUID, C0, Field(title="同意記録の番号")]
    purpose: Annotated[Annotated[OpenCode, Known(ConsentPurpose)], C0, Field(title="目的")]
    recipients: Annotated[tuple[Recipient, ...], C0, AtLeastOne, Field(title="提供先")]
    item_classes: Annotated[
        tuple[DataClass, ...], C0, AtLeastOne, Field(title="提供する情報の種類")
    ]
    valid_from: Annotated[Day, C0, Field(title="有効期間の初日")]
    valid_until: Annotated[Day | None, C0, Field(title="有効期間の末日")] = None


class ClaimReported(RecordReported):
    """The service reports that in a referral below a party recorded a consent to its own access.

    It counts once it is confirmed here, with the id that stands here.
    """


class SuspensionReported(Body):
    """The service reports that consent was withdrawn in another referral of the case.

    The referral is suspended with it.
    """

    withdrawn_by: Annotated[
        AgencyId | None,
        C0,
        Field(
            title="撤回を送った機関",
            description="The party that withdrew them below.",
        ),
    ] = None
