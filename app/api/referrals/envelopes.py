"""The envelope of a message that is sent: its schema, and reading it from a body."""

from functools import cache
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    WithJsonSchema,
    create_model,
)
from pydantic_core import PydanticCustomError

from app.api.wire.documented import both, one_of
from app.api.wire.json_body import JsonBody
from app.domain.cases.case import NEW, SYSTEM
from app.domain.errors import Invalid
from app.domain.flows import BODIES, FLOWS
from app.domain.messages.body import Body
from app.domain.messages.fields import AgencyId, Day, Sha256
from app.domain.messages.message import Message, PaperOrigin
from app.domain.text import Text
from app.domain.vocabulary.code import EachOnce
from app.domain.vocabulary.envelope import Medium, Urgency
from app.domain.vocabulary.law import LegalBasis


def _check_uuid_version(value: UUID) -> UUID:
    # Other versions contain the address of a machine or can be derived from a name.
    if value.version not in {4, 7}:
        raise PydanticCustomError("uuid_version", "an id is a UUID of version 4 or 7")
    return value


OPENING_TYPES = frozenset(name for flow in FLOWS.values() for name in flow.openings)
SENT_TYPES = frozenset(
    step.type for flow in FLOWS.values() for step in flow.steps if set(step.by) != {SYSTEM}
)
"""Every type that an agency may send; the service's own events are not among them."""
LATER_TYPES = frozenset(
    step.type
    for flow in FLOWS.values()
    for step in flow.steps
    if step.state != NEW and set(step.by) != {SYSTEM}
)

_WITH_PARENT = ", ".join(
    f"`{name}`" for flow in FLOWS.values() if flow.joins_parent for name in sorted(flow.openings)
)
PartyName = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,39}$", examples=["center"])]
MessageId = Annotated[UUID, AfterValidator(_check_uuid_version)]


def _one_body_of(types: frozenset[str]) -> WithJsonSchema:
    """The JSON Schema of a body: one of these types, in place of the base class."""
    return WithJsonSchema(one_of((name for name in BODIES if name in types), Text("本文", "Body")))


class PaperOriginIn(BaseModel):
    """紙などで届いたものを入力したときの、その届き方。

    For what came on paper or otherwise and was entered: how it came.
    """

    model_config = ConfigDict(extra="forbid")

    received_on: Annotated[
        Day,
        Field(title=both("受領日", "The day on which it was received"), examples=["2026-11-19"]),
    ]
    medium: Annotated[Medium, Field(title=both("届いた手段", "How it came"), examples=["paper"])]
    scan_sha256: Annotated[
        Sha256 | None,
        Field(
            title=both("写しのSHA-256", "The SHA-256 of the scan"),
            description=both(
                "決裁が要る通信文では、必ず要る", "Required for a message that needs a decider"
            ),
        ),
    ] = None


class MessageIn(BaseModel):
    """二通目以降の通信文。IDは送る側が付ける。同じIDと内容で送り直せば、最初の返事がそのまま返る。

    The second or any later message. The sender makes the id. Sent again with the same id and
    content, it gets the first answer as it was.
    """

    model_config = ConfigDict(extra="forbid")

    id: Annotated[
        MessageId | None,
        Field(
            title=both("通信文のID", "The id of the message"),
            description=both(
                "UUID 版4か版7。永久に一意。省くとサービスが付けるが、安全に再送できない。",
                "A UUID of version 4 or 7, unique for ever. Without it the service makes one, "
                "but then the message cannot be sent again safely.",
            ),
            examples=["01936b7e-2f00-7c3a-9d52-6b1f0c4e8a01"],
        ),
    ] = None
    to: Annotated[
        dict[PartyName, AgencyId],
        Field(
            max_length=10,
            title=both(
                "この通信文で加わる当事者の機関",
                "The agencies of the parties that join with this message",
            ),
            description=both(
                "管轄から一つに決まるものは省ける。送り手の当事者として自機関を書いてもよい。",
                "An agency that follows from the areas of responsibility can be left out. The"
                " sender may name itself as the party that it is.",
            ),
            examples=[{"center": "center-13"}],
        ),
    ] = {}
    occurred_on: Annotated[
        Day,
        Field(
            title=both("その出来事のあった日", "The day on which it happened"),
            examples=["2026-11-20"],
        ),
    ]
    legal_basis: Annotated[
        LegalBasis | None, Field(title=both("根拠", "The legal basis"), examples=["circular_244"])
    ] = None
    urgency: Annotated[Urgency, Field(title=both("緊急度", "How urgent it is"))] = Urgency.NORMAL
    consent_ids: Annotated[
        list[UUID],
        Field(
            max_length=50,
            title=both("依拠する同意のID", "The ids of the consents that it rests on"),
        ),
        EachOnce(),
    ] = []
    in_reply_to: Annotated[
        UUID | None,
        Field(title=both("返信先の通信文のID", "The id of the message that it replies to")),
    ] = None
    corrects: Annotated[
        UUID | None,
        Field(
            title=both("訂正する通信文のID", "The id of the message that it corrects"),
            description=both(
                "種別と送り手は訂正されるものと同じ。",
                "Type and sender are those of the message that it corrects.",
            ),
        ),
    ] = None
    shared_messages: Annotated[
        list[UUID],
        Field(
            max_length=50,
            title=both(
                "相手に見せる、親案件の通信文のID",
                "The ids of messages of the parent referral that are shown to the recipients",
            ),
            description=both(
                "流れの表の行に `shares` があるときだけ書ける。",
                "Taken only where the row of the flow's table has `shares`.",
            ),
        ),
        EachOnce(),
    ] = []
    paper_origin: Annotated[
        PaperOriginIn | None,
        Field(title=both("紙などで届いたとき", "If it came on paper or otherwise")),
    ] = None
    body: Annotated[SerializeAsAny[Body], _one_body_of(LATER_TYPES)]


class OpeningIn(MessageIn):
    """案件を開く通信文。そのIDが案件のIDになる。

    A message that opens a referral. Its id becomes the referral's.
    """

    body: Annotated[SerializeAsAny[Body], _one_body_of(OPENING_TYPES)]
    parent: Annotated[
        UUID | None,
        Field(
            title=both("親案件のID", "The id of the parent referral"),
            description=both(
                "この案件が仕える案件。親の当事者だけが指せる。"
                f"{_WITH_PARENT} で必須、ほかでは断られる。",
                "The referral that this one serves. Only its parties can name it. Required by"
                f" {_WITH_PARENT}, refused (`not_taken`) elsewhere.",
            ),
        ),
    ] = None


E = TypeVar("E", bound=MessageIn)


def read_opening(request_body: JsonBody) -> OpeningIn:
    """The envelope of a message that opens a referral.

    Raises:
        Invalid: it does not fit the schema, or its type does not open a referral.
    """
    return _read(request_body, OpeningIn, OPENING_TYPES)


def read_later(request_body: JsonBody) -> MessageIn:
    """The envelope of a later message.

    Types that open a referral are accepted here: the state machine refuses them and names the
    messages that can be sent.

    Raises:
        Invalid: it does not fit the schema, or agencies may not send its type.
    """
    return _read(request_body, MessageIn, SENT_TYPES)


def message_of(envelope: MessageIn, message_id: UUID, referral_id: UUID) -> Message:
    """The message of an envelope, for the domain."""
    paper = envelope.paper_origin
    return Message(
        id=message_id,
        referral_id=referral_id,
        body=envelope.body,
        occurred_on=envelope.occurred_on,
        to=envelope.to,
        legal_basis=envelope.legal_basis.value if envelope.legal_basis else None,
        urgency=envelope.urgency.value,
        consent_ids=tuple(envelope.consent_ids),
        in_reply_to=envelope.in_reply_to,
        corrects=envelope.corrects,
        parent=envelope.parent if isinstance(envelope, OpeningIn) else None,
        shared_messages=tuple(envelope.shared_messages),
        paper_origin=PaperOrigin(paper.received_on, paper.medium.value, paper.scan_sha256)
        if paper
        else None,
    )


def _read(request_body: JsonBody, model: type[E], types: frozenset[str]) -> E:
    body = request_body.tree.get("body")
    message_type = body.get("type") if isinstance(body, dict) else None
    if not isinstance(message_type, str) or message_type not in types:
        raise Invalid.at(*_wrong_type(request_body.tree, body, message_type, types))
    exact_model: type[E] = _envelope_of(model, BODIES[message_type])
    envelope = request_body.model(exact_model)
    # Only the canonical spelling of an id is accepted, as in paths.
    if envelope.id is not None and str(envelope.id) != str(request_body.tree["id"]).lower():
        raise Invalid.at("/id", "uuid_parsing")
    return envelope


def _wrong_type(
    tree: dict[str, Any], body: object, message_type: object, types: frozenset[str]
) -> tuple[str, str, list[str]]:
    if not isinstance(body, dict):
        return "/body", "missing" if "body" not in tree else "model_type", []
    if not isinstance(message_type, str):
        return "/body/type", "missing" if "type" not in body else "string_type", []
    reason = "not_an_opening" if message_type in SENT_TYPES else "unknown_type"
    return "/body/type", reason, sorted(types)


@cache
def _envelope_of(envelope: type[E], body: type[Body]) -> type[E]:
    """The envelope model for one type of body, so that errors are about that type only."""
    name = f"{envelope.__name__}_{body.__name__}"
    return create_model(name, __base__=envelope, body=(body, ...))
