"""The messages of suspect support that report what courts and prosecutors decide."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from app.domain.classes import C0, C4
from app.domain.messages.body import Body, LeastUrgency
from app.domain.messages.facts import Fact
from app.domain.messages.fields import Day, PastDay, Several, Words
from app.domain.messages.order import not_before
from app.domain.messages.payloads.custody import Disposed, Freed
from app.domain.text import Text
from app.domain.vocabulary.closing import CloseReason
from app.domain.vocabulary.custody import ContactBan, CustodyStage


class ReportContactBan(Body):
    """A court has forbidden visits, in part or in full."""

    type: Literal["suspect_support.report_contact_ban"]
    contact_ban: Annotated[ContactBan, C4, Field(title="接見禁止")]
    since: Annotated[PastDay | None, C4, Field(title="決定日")] = None

    TITLE = Text("接見禁止の連絡", "report a contact ban")
    SOURCE = "domain reference 3.b"
    EXAMPLE = {
        "type": "suspect_support.report_contact_ban",
        "contact_ban": "full",
        "since": "2026-04-06",
    }

    def facts(self) -> Mapping[str, Fact]:
        """The ban."""
        return {"contact_ban": self.contact_ban.value}


class LiftContactBan(Body):
    """The ban is lifted, or visits by the center are exempt from it."""

    type: Literal["suspect_support.lift_contact_ban"]
    contact_ban: Annotated[
        ContactBan, C4, Field(title="接見禁止", description="What of it stays.")
    ] = ContactBan.NONE
    lifted_on: Annotated[PastDay, C0, Field(title="解除日")]

    TITLE = Text("接見禁止の解除の連絡", "report that the contact ban is lifted")
    SOURCE = "domain reference 3.b"
    EXAMPLE = {
        "type": "suspect_support.lift_contact_ban",
        "contact_ban": "none",
        "lifted_on": "2026-04-08",
    }

    def facts(self) -> Mapping[str, Fact]:
        """The contact ban that remains."""
        return {"contact_ban": self.contact_ban.value}


class ReleaseDisposition(Freed):
    """A disposition frees the person."""

    type: Literal["suspect_support.release_disposition"]

    TITLE = Text("釈放となる処分の通知", "report a disposition that frees")
    SOURCE = "domain reference M-b4"
    EXAMPLE = {
        "type": "suspect_support.release_disposition",
        "disposition": "suspended_prosecution",
        "decided_on": "2026-04-17",
        "release_on": "2026-04-17",
        "release_time_est": "16:00",
    }


class Indict(Disposed):
    """The person is indicted: the detention clock ends, support goes on."""

    type: Literal["suspect_support.indict"]

    TITLE = Text("公判請求の通知", "report the indictment")
    SOURCE = "domain reference M-b4"
    EXAMPLE = {
        "type": "suspect_support.indict",
        "disposition": "indicted",
        "decided_on": "2026-04-17",
        "next_hearing_on": "2026-06-02",
    }

    def facts(self) -> Mapping[str, Fact]:
        """Also that the person is a defendant now."""
        return {**super().facts(), "custody_stage": CustodyStage.DETAINED_DEFENDANT.value}


class Bail(Body):
    """The person is released on bail."""

    type: Literal["suspect_support.bail"]
    bailed_on: Annotated[PastDay, C4, Field(title="保釈の日")]
    conditions: Annotated[tuple[Words, ...] | None, C4, Several, Field(title="保釈の条件")] = None
    next_hearing_on: Annotated[Day | None, C4, Field(title="次回公判期日")] = None

    _in_order = not_before("bailed_on", "next_hearing_on")

    LEAST_URGENCY = LeastUrgency("same_day")
    TITLE = Text("保釈の連絡", "report bail")
    SOURCE = "domain reference 3.b"
    EXAMPLE = {
        "type": "suspect_support.bail",
        "bailed_on": "2026-05-07",
        "conditions": ["指定された住居に住むこと。"],
    }

    def facts(self) -> Mapping[str, Fact]:
        """The release on bail; the person remains a defendant."""
        return {
            "released_on": self.bailed_on.isoformat(),
            "release_kind": "bail",
            "custody_stage": CustodyStage.BAILED.value,
        }


class VerdictRelease(Freed):
    """The verdict frees the person."""

    type: Literal["suspect_support.verdict_release"]

    TITLE = Text("判決による釈放の連絡", "report release by the verdict")
    SOURCE = "domain reference M-b4"
    EXAMPLE = {
        "type": "suspect_support.verdict_release",
        "disposition": "suspended_sentence",
        "decided_on": "2026-06-02",
        "release_on": "2026-06-02",
    }


class VerdictImprisonment(Disposed):
    """The verdict is imprisonment: this referral ends."""

    type: Literal["suspect_support.verdict_imprisonment"]

    TITLE = Text("実刑判決の連絡", "report a sentence of imprisonment")
    SOURCE = "domain reference M-b4"
    EXAMPLE = {
        "type": "suspect_support.verdict_imprisonment",
        "disposition": "imprisonment",
        "decided_on": "2026-06-02",
    }

    def facts(self) -> Mapping[str, Fact]:
        """The sentence, and the reason for closing."""
        return {**super().facts(), "close_reason": CloseReason.IMPRISONED.value}
