"""The JSON Schema of problems, for the published contract."""

from collections.abc import Mapping
from typing import Any

from app.api.wire.documented import both
from app.api.wire.problems.kinds import ProblemKind
from app.domain.consents.coverage import BECAUSE, FAILINGS
from app.domain.text import Text

_MISSING: Mapping[str, Any] = {
    "type": "object",
    "required": ["party", "agency_id", "classes", "because"],
    "properties": {
        "party": {"type": "string"},
        "agency_id": {"type": "string"},
        "classes": {"type": "array", "items": {"type": "string"}},
        "because": {"type": "string", "enum": list(BECAUSE)},
    },
}
_JUDGED: Mapping[str, Any] = {
    "type": "object",
    "required": ["id", "fails"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "fails": {"type": "array", "items": {"type": "string", "enum": list(FAILINGS)}},
    },
}
PROBLEM: Mapping[str, Any] = {
    "title": both("問題", "Problem"),
    "description": both(
        "なぜ応じなかったか (RFC 9457)。`type` で見分け、ほかは人が読む。"
        "種類ごとの項目は `/problems/{code}` の説明にある。送られた値は含まない。",
        "Why the call was refused (RFC 9457). `type` tells problems apart; the rest is "
        "for people. Which members a problem has is said at `/problems/{code}`. It "
        "holds nothing that was sent.",
    ),
    "type": "object",
    "required": ["type", "title", "status", "detail", "hint", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "/problems/<code>"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "hint": {"type": "string", "description": both("どうすればよいか", "What to do about it")},
        "instance": {"type": "string", "format": "uri-reference"},
        "errors": {
            "type": "array",
            "description": both(
                "invalid: どこが(JSON Pointer)なぜ", "invalid: where (JSON Pointer) and why"
            ),
            "items": {
                "type": "object",
                "required": ["pointer", "reason"],
                "properties": {
                    "pointer": {"type": "string"},
                    "reason": {"type": "string"},
                    "takes": {
                        "type": "array",
                        "items": {"type": "string"},
                        "description": both(
                            "受け入れる値。項目の値を狭める決まりに反したときだけある",
                            "The values that would be taken, where a rule narrows those of a field",
                        ),
                    },
                    "hint": {
                        "type": "string",
                        "description": both(
                            "どうすればよいか。要る理由のときだけある",
                            "What to do about it; only for reasons that need it",
                        ),
                    },
                },
            },
        },
        "state": {
            "type": "string",
            "description": both(
                "illegal_move, act_settled: 今の状態", "illegal_move, act_settled: the state now"
            ),
        },
        "actions": {
            "type": "array",
            "description": both(
                "illegal_move, not_your_step: 今送れる通信文",
                "illegal_move, not_your_step: the messages that can be sent now",
            ),
            "items": {"$ref": "#/components/schemas/ActionOut"},
        },
        "by": {
            "type": "array",
            "description": both(
                "not_your_step: 送れる当事者", "not_your_step: the parties that can send it"
            ),
            "items": {"type": "string"},
        },
        "seat": {
            "type": "string",
            "description": both("not_your_step: 要る席", "not_your_step: the seat that it needs"),
        },
        "guards": {
            "type": "array",
            "description": both(
                "guard_failed: 満たされていない条件", "guard_failed: the guards that are not met"
            ),
            "items": {
                "type": "object",
                "required": ["name", "title", "reason", "needs"],
                "properties": {
                    "name": {"type": "string"},
                    "title": {"type": "string"},
                    "reason": {"type": "string"},
                    "needs": {
                        "type": "array",
                        "description": both(
                            "足りないもの。通信文の中の場所(`/body/…` `/to/…` `/consent_ids` `/parent`)、"  # noqa: E501
                            "読んだ案件の中の場所(`/facts/…` `/lead`)、先に要る通信文の種類",
                            "What is missing: places in the message (`/body/…` `/to/…`"
                            " `/consent_ids` `/parent`) or in the referral as it is read"
                            " (`/facts/…` `/lead`), or message types that have to come first",
                        ),
                        "items": {"type": "string"},
                    },
                    "takes": {
                        "type": "array",
                        "description": both(
                            "受け入れる値", "The values that would be taken, by place"
                        ),
                        "items": {"$ref": "#/components/schemas/RowTakes"},
                    },
                    "missing": {
                        "type": "array",
                        "description": both(
                            "consent_covers: 誰にどの区分を提供できないか",
                            "consent_covers: to whom which data classes cannot be disclosed",
                        ),
                        "items": _MISSING,
                    },
                    "consents": {
                        "type": "array",
                        "description": both(
                            "consent_covers: 挙げた同意ごとに、何が足りないか",
                            "consent_covers: for each consent that was named, what it lacks",
                        ),
                        "items": _JUDGED,
                    },
                },
            },
        },
        "party": {
            "type": "string",
            "description": both(
                "ambiguous_route: 決まらない当事者",
                "ambiguous_route: the party that is not determined",
            ),
        },
        "candidates": {
            "type": "array",
            "description": both(
                "ambiguous_route: 選べる機関", "ambiguous_route: the agencies to choose from"
            ),
            "items": {
                "type": "object",
                "required": ["agency_id", "name"],
                "properties": {"agency_id": {"type": "string"}, "name": {"type": "string"}},
            },
        },
        "roles": {
            "type": "array",
            "description": both(
                "not_your_act: その役割の席", "not_your_act: the roles whose seats may do it"
            ),
            "items": {"type": "string"},
        },
        "reason": {
            "type": "string",
            "description": both(
                "act_impossible, recall_impossible: 理由の符号",
                "act_impossible, recall_impossible: the code of the reason",
            ),
        },
        "version": {
            "type": "string",
            "description": both("stale: 現在の版", "stale: the current version"),
        },
        "size": {
            "type": "integer",
            "description": both(
                "not_sealed: 封じられている件数", "not_sealed: how many entries are sealed"
            ),
        },
        "scope": {
            "type": "string",
            "description": both(
                "scope_missing: 要る範囲", "scope_missing: the scope that it needs"
            ),
        },
        "limit_bytes": {
            "type": "integer",
            "description": both(
                "too_large ほか: バイト数の上限", "too_large and others: the most bytes"
            ),
        },
        "limit_messages": {
            "type": "integer",
            "description": both(
                "bundle_too_large ほか: 通信文の数の上限",
                "bundle_too_large and others: the most messages",
            ),
        },
        "limit_consents": {
            "type": "integer",
            "description": both("too_many_consents: 上限", "too_many_consents: the limit"),
        },
        "of": {
            "type": "string",
            "description": both(
                "too_many_today: 何が多いか: messages (一つの案件の通信文)、"
                "openings (再び開くこと)、"
                "refusals (断られ、試した通信文)、exports (束と書面)、changes (設定などの変更)、"
                "sent (全ての案件の通信文)、referrals (始めた案件)、"
                "referrals_to_one (一つの機関への案件)",
                "too_many_today: of what there is too much: messages (in one referral), openings"
                " (messages opened again), refusals (messages refused or rehearsed), exports"
                " (bundles and sheets), changes (of settings and the like), referrals (opened),"
                " referrals_to_one (opened to one agency), sent (messages in all referrals)",
            ),
        },
        "limit": {
            "type": "integer",
            "description": both("too_many_today: 上限", "too_many_today: the limit"),
        },
        "parts": {
            "type": "array",
            "description": both(
                "bundle_too_large: 一つずつ求められる部分",
                "bundle_too_large: parts that can be asked for, one by one",
            ),
            "items": {
                "type": "object",
                "required": ["referral", "from", "through"],
                "properties": {
                    "referral": {"type": "string", "format": "uuid"},
                    "from": {"type": "integer"},
                    "through": {"type": "integer"},
                },
            },
        },
        "agencies": {
            "type": "array",
            "description": both(
                "recall_by_request: 求める相手", "recall_by_request: the agencies to ask"
            ),
            "items": {"type": "string"},
        },
        "retry_after": {
            "type": "integer",
            "description": both("busy ほか: 待つ秒数", "busy and others: the seconds to wait"),
        },
    },
}


def members_of(kind: ProblemKind) -> Mapping[str, Text]:
    """The members of problems of a kind beside those that every problem has, with their words.

    The schema begins these with the codes of the problems that have the member.
    """
    words = {name: PROBLEM["properties"][name]["description"] for name in kind.example}
    paragraphs = {name: text.split("\n\n") for name, text in words.items()}
    return {
        name: Text(*(part.partition(": ")[2] or part for part in both_languages))
        for name, both_languages in paragraphs.items()
    }
