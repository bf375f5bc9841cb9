"""Schemas of the log's answers."""

from typing import Any

from pydantic import Field

from app.api.wire.documented import both
from app.api.wire.schemas import CASE, MESSAGE, REFERRAL, Shape, Uuid, like

ENTRY = "01936b7e-5a11-7c02-9e3f-4b7d1a2c8f06"
_HASH = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
_OTHER = "fhJHwLSf4vsYzJVfWyqEa5kB0nqv1mYyaYx5vXpG1sA="
CHECKPOINT = (
    "tsunagu.example.jp/log\n41208\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— tsunagu.example.jp/log Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGz"
    "Gku9nTo+zyWE+xeMcTOAYQ8=\n"
)
KEYS = "tsunagu.example.jp/log+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n"
_ENTRY: dict[str, Any] = {
    "index": 41207,
    "hash": _HASH,
    "entry": {
        "id": ENTRY,
        "at": "2026-11-20T01:15:00.123+00:00",
        "kind": "acceptance",
        "agency_id": "probation-13",
        "seat_id": "probation-13.decider",
        "client_id": "probation-13.system",
        "case_id": CASE,
        "referral_id": REFERRAL,
        "message_id": MESSAGE,
        "agencies": ["center-13", "probation-13"],
        "detail": {
            "digest": "sha256:6b58b6732d63a743f645997b9c5e3fde0295251339f144e5e3da6894f23432f5",
            "to": ["center-13"],
        },
    },
}


class LeavesOut(Shape):
    """葉のハッシュ。

    Leaf hashes.
    """

    model_config = like({"items": [_HASH, _OTHER], "next": 1002})

    items: list[str] = Field(
        description=both(
            "`start` から順に、葉のハッシュ(base64)", "Leaf hashes in order from `start` (base64)"
        )
    )
    next: int | None = Field(
        description=both(
            "続きの `start`。null なら `end` まで返した",
            "The next `start`; null if all up to `end` were returned",
        )
    )


class InclusionOut(Shape):
    """包含証明 (RFC 9162 §2.1.3)。

    An inclusion proof (RFC 9162 §2.1.3).
    """

    model_config = like({"index": 41207, "size": 41208, "leaf": _HASH, "path": [_OTHER]})

    index: int
    size: int
    leaf: str = Field(description=both("葉のハッシュ(base64)", "The leaf hash (base64)"))
    path: list[str] = Field(
        description=both(
            "葉から根へ向かう順のハッシュ(base64)",
            "Hashes in the order from the leaf to the root (base64)",
        )
    )


class ConsistencyOut(Shape):
    """整合性証明 (RFC 9162 §2.1.4)。

    A consistency proof (RFC 9162 §2.1.4).
    """

    model_config = like({"from": 41207, "to": 41208, "path": [_HASH, _OTHER]})

    from_: int = Field(alias="from", serialization_alias="from")
    to: int
    path: list[str] = Field(
        description=both(
            "ハッシュ(base64)。何も示すことがなければ空",
            "Hashes (base64); empty if there is nothing to prove",
        )
    )


class LogEntryOut(Shape):
    """この機関に関わる記録の1件。

    One log entry that concerns this agency.
    """

    model_config = like(_ENTRY)

    index: int | None = Field(
        description=both(
            "木の中での番号。0から。封じられるまでは null",
            "Its number in the tree, from 0; null until it is sealed",
        )
    )
    hash: str = Field(
        description=both(
            "葉のハッシュ(base64): SHA-256(0x00 ‖ `entry` の RFC 8785 形)",
            "The leaf hash (base64): SHA-256(0x00 ‖ RFC 8785 form of `entry`)",
        )
    )
    entry: "LoggedOut"


class LoggedOut(Shape):
    """ハッシュの対象となる記録そのもの。時刻はUTCで、全ての項目がそのまま対象になる。

    The log entry itself, as it is hashed: every field as it stands, times in UTC.
    """

    model_config = like(_ENTRY["entry"])

    id: Uuid
    at: str = Field(
        description=both("起きた時刻。UTC", "When it happened, in UTC"),
        json_schema_extra={"format": "date-time"},
    )
    kind: str = Field(
        description=both(
            "acceptance 受付、disclosure 提供、refusal 拒否、token 発行、erasure 消去 など",
            "acceptance, disclosure, refusal, token (one was issued), erasure and others",
        )
    )
    agency_id: str | None
    seat_id: str | None
    client_id: str | None
    case_id: Uuid | None
    referral_id: Uuid | None
    message_id: Uuid | None
    agencies: list[str] = Field(
        description=both("この記録を読める機関", "The agencies that can read this entry")
    )
    detail: dict[str, Any] = Field(
        description=both(
            "種類ごとの符号、番号、ダイジェスト。文章は含まない",
            "Codes, numbers and digests that depend on the kind; no prose",
        )
    )


class LogEntryPage(Shape):
    """この機関に関わる、封じられた記録の1頁。

    A page of sealed log entries that concern this agency.
    """

    model_config = like({"items": [_ENTRY], "next": 41207})

    items: list[LogEntryOut]
    next: int | None = Field(
        description=both(
            "続きの `after`。null なら今はここまで",
            "The next `after`; null if there are no more for now",
        )
    )
