"""Consent on the wire: recorded, withdrawn, renewed.

Source: domain reference 4.3. What the rules need stays C0: ids, recipients, classes and dates,
which say nothing of the person; the rest is classed by what it tells.
"""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.domain.classes import C0, C2, C3, C6, DataClass
from app.domain.consents.consent import ConsentRecord
from app.domain.messages.body import Body, Part
from app.domain.messages.facts import Fact
from app.domain.messages.fields import (
    AtLeastOne,
    Day,
    Name,
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
    purpose: Annotated[Annotated[OpenCode, Known(ConsentPurpose)], C0, Field(title="目的")]
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
    obtained_on: Annotated[Day, C0, Field(title="取得日")]
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
    """What the person takes back. New disclosures stop at once, here and in what serves this.

    With `withdrawn_items` the rest of the consents stands, and counts again once consent is
    renewed; until then nothing is told, since it has to be asked anew what may be.
    """

    withdrawn_on: Annotated[Day, C0, Field(title="撤回の日")]
    consent_ids: Annotated[
        tuple[UUID, ...] | None,
        C0,
        AtLeastOne,
        Field(title="撤回する同意", description="Left out: every consent of this referral."),
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
        """The consents that are named; an empty set stands for all."""
        return frozenset(self.consent_ids or ())

    def items_withdrawn(self) -> frozenset[str]:
        """The items that are withdrawn; an empty set withdraws the consents as a whole."""
        return frozenset(map(str, self.withdrawn_items or ()))
