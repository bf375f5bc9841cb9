"""Weighty acts: what one seat proposes and another seat of the same agency approves (四つの目).

To add a kind: a row in `KINDS`, and what it does in `app/main.py` (`EFFECTS`). Whatever is
proposed lives for a while; approved in time it takes effect in the same transaction, or fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from app.domain.access.caller import Caller
from app.domain.acts.details import EraseDetail, HoldDetail, OrderDetail, RecallDetail
from app.domain.administration.details import (
    ClientDetail,
    KeyDetail,
    LinkDetail,
    SeatChange,
    SeatDetail,
)
from app.domain.errors import ActSettled, NotYourAct, SecondSeat
from app.domain.text import Text
from app.domain.vocabulary.code import Code

LIVES = timedelta(days=7)
"""How long a proposal waits for a second seat."""

AGENCY_PROPOSES = frozenset({"records_officer"})
AGENCY_APPROVES = frozenset({"records_officer", "decider"})
"""An agency's own matters: the 記録責任者 proposes; a second one, or the 所長, approves."""
HEAD_APPROVES = frozenset({"decider"})
"""Only the 所長 approves what cannot be undone."""
OPERATORS = frozenset({"operator"})


class ActState(Code):
    """The state of a proposal."""

    PROPOSED = "proposed", "二人目を待つ"
    APPROVED = "approved", "承認され実行した"
    REFUSED = "refused", "承認しなかった"
    WITHDRAWN = "withdrawn", "取り下げた"
    EXPIRED = "expired", "期限が過ぎた"
    FAILED = "failed", "承認されたが実行できなかった"


class NoDetail(BaseModel):
    """An act of which its target says everything."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class ActKind:
    """One kind of act: what it is, and whose two seats it needs."""

    title: Text
    target: Text
    """What `target` holds."""
    proposed_by: frozenset[str]
    """Roles of seats."""
    approved_by: frozenset[str]
    detail: type[BaseModel] = NoDetail
    """The form of further details: codes, ids and numbers; no free text, nothing personal."""
    concerns_referral: bool = False
    """Whether the target is a referral."""
    lives: timedelta = LIVES


KINDS: Mapping[str, ActKind] = {
    "hold.set": ActKind(
        Text("消去を止める(リーガルホールド)", "Keep a referral from being erased (legal hold)"),
        Text("案件のID", "the id of a referral"),
        AGENCY_PROPOSES,
        AGENCY_APPROVES,
        HoldDetail,
        concerns_referral=True,
    ),
    "hold.lift": ActKind(
        Text("消去を止めるのをやめる", "Let a referral be erased again"),
        Text("案件のID", "the id of a referral"),
        AGENCY_PROPOSES,
        AGENCY_APPROVES,
        concerns_referral=True,
    ),
    "erase": ActKind(
        Text("期限の前に消去する", "Erase a referral before its time"),
        Text("案件のID", "the id of a referral"),
        AGENCY_PROPOSES,
        HEAD_APPROVES,
        EraseDetail,
        concerns_referral=True,
    ),
    "erase.ordered": ActKind(
        Text("裁判所の命令により消去する", "Erase a referral on the order of a court"),
        Text("案件のID", "the id of a referral"),
        OPERATORS,
        OPERATORS,
        OrderDetail,
        concerns_referral=True,
    ),
    "recall.request": ActKind(
        Text("開かれた通信文の写しを返すよう求める", "Ask for opened copies of a message back"),
        Text("通信文のID", "the id of a message"),
        frozenset({"decider", "records_officer"}),
        HEAD_APPROVES,
        RecallDetail,
    ),
    "seat.add": ActKind(
        Text("席を加える", "Add a seat"),
        Text("席のID(機関のIDと点で始まる)", "its id, beginning with the agency's and a dot"),
        AGENCY_PROPOSES,
        AGENCY_APPROVES,
        SeatDetail,
    ),
    "seat.change": ActKind(
        Text("席の役割や区分を変える", "Change a seat's role or classes"),
        Text("席のID", "the id of a seat"),
        AGENCY_PROPOSES,
        AGENCY_APPROVES,
        SeatChange,
    ),
    "seat.enable": ActKind(
        Text("席の停止を解く", "Switch a seat on again"),
        Text("席のID", "the id of a seat"),
        AGENCY_PROPOSES,
        AGENCY_APPROVES,
    ),
    "client.add": ActKind(
        Text("接続システムを加える", "Add a client"),
        Text("システムのID(機関のIDと点で始まる)", "its id, beginning with the agency's and a dot"),
        AGENCY_PROPOSES,
        AGENCY_APPROVES,
        ClientDetail,
    ),
    "client.enable": ActKind(
        Text("接続システムの停止を解く", "Switch a client on again"),
        Text("システムのID", "the id of a client"),
        AGENCY_PROPOSES,
        AGENCY_APPROVES,
    ),
    "client.link": ActKind(
        Text("接続システムが代表できる席を変える", "Link a client to other seats"),
        Text("システムのID", "the id of a client"),
        AGENCY_PROPOSES,
        AGENCY_APPROVES,
        LinkDetail,
    ),
    "client.set_key": ActKind(
        Text("接続システムの公開鍵を変える", "Give a client another public key"),
        Text("システムのID", "the id of a client"),
        AGENCY_PROPOSES,
        AGENCY_APPROVES,
        KeyDetail,
    ),
    "client.new_secret": ActKind(
        Text("接続システムの秘密を作り直す", "Give a client another secret"),
        Text("システムのID", "the id of a client"),
        AGENCY_PROPOSES,
        AGENCY_APPROVES,
    ),
    "seat.restore": ActKind(
        Text("機関の席の停止を、運用者が解く", "Switch an agency's seat on again, as the operator"),
        Text("席のID", "the id of a seat"),
        OPERATORS,
        OPERATORS,
    ),
    "client.restore": ActKind(
        Text(
            "機関の接続システムの停止を、運用者が解く",
            "Switch an agency's client on again, as the operator",
        ),
        Text("システムのID", "the id of a client"),
        OPERATORS,
        OPERATORS,
    ),
    "agency.disable": ActKind(
        Text("機関を停止する", "Switch an agency off"),
        Text("機関のID", "the id of an agency"),
        OPERATORS,
        OPERATORS,
    ),
    "agency.enable": ActKind(
        Text("機関の停止を解く", "Switch an agency on again"),
        Text("機関のID", "the id of an agency"),
        OPERATORS,
        OPERATORS,
    ),
    "agency.connect": ActKind(
        Text("機関をつなぐ", "Let an agency take part"),
        Text("機関のID", "the id of an agency"),
        OPERATORS,
        OPERATORS,
    ),
    "master_key.retire": ActKind(
        Text("使われていないマスター鍵を廃止する", "Retire a master key that nothing is under"),
        Text("版", "its version"),
        OPERATORS,
        OPERATORS,
    ),
}
"""Every kind by its name."""


@dataclass(frozen=True, slots=True)
class Act:
    """A proposal and its state. `detail` and `outcome` hold codes, never free text."""

    id: UUID
    kind: str
    agency_id: str
    target: str
    detail: Mapping[str, Any]
    proposed_at: datetime
    proposed_by: str
    expires_at: datetime
    state: ActState = ActState.PROPOSED
    decided_at: datetime | None = None
    decided_by: str | None = None
    outcome: Mapping[str, Any] = field(default_factory=dict)

    def says_the_same(self, other: "Act") -> bool:
        """Whether `other` is this proposal sent once more by the same seat."""

        def content(act: Act) -> tuple[Any, ...]:
            return act.kind, act.agency_id, act.proposed_by, act.target, dict(act.detail)

        return content(self) == content(other)

    def state_at(self, at: datetime) -> ActState:
        """Its state at that moment: a proposal expires by itself."""
        out = self.state is ActState.PROPOSED and at >= self.expires_at
        return ActState.EXPIRED if out else self.state


def check_proposer(kind: str, caller: Caller) -> None:
    """Refuse a caller whose seat may not propose this.

    Raises:
        NotYourAct: others propose it.
    """
    roles = KINDS[kind].proposed_by
    if caller.role not in roles:
        raise NotYourAct(roles)


def check_second_seat(act: Act, caller: Caller, at: datetime) -> None:
    """Refuse a caller who may not approve or refuse this now.

    Raises:
        ActSettled: it is no longer open.
        SecondSeat: the same seat proposed it.
        NotYourAct: others decide on it.
    """
    _check_waiting(act, at)
    if caller.seat_id == act.proposed_by:
        raise SecondSeat
    roles = KINDS[act.kind].approved_by
    if caller.role not in roles:
        raise NotYourAct(roles)


def may_still_propose(kind: str, role: str, *, disabled: bool) -> bool:
    """Whether the seat that proposed an act could still propose it.

    An act of a seat that was disabled or given another role since then is not carried out.
    """
    return not disabled and role in KINDS[kind].proposed_by


def check_withdrawal(act: Act, caller: Caller, at: datetime) -> None:
    """Refuse a caller who did not propose it.

    Raises:
        ActSettled: it is no longer open.
        NotYourAct: another seat proposed it.
    """
    _check_waiting(act, at)
    if caller.seat_id != act.proposed_by:
        raise NotYourAct(KINDS[act.kind].proposed_by)


def _check_waiting(act: Act, at: datetime) -> None:
    if act.state_at(at) is not ActState.PROPOSED:
        raise ActSettled(act.state_at(at))
