"""What a problem looks like, for the published contract."""

from collections.abc import Mapping
from typing import Any

from app.domain.consents.coverage import BECAUSE, FAILINGS

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
    "title": "問題",
    "description": "なぜ応じなかったか (RFC 9457)。`type` で見分け、ほかは人が読む。"
    "種類ごとの項目は `/problems/{code}` の説明にある。送られた値は含まない。",
    "type": "object",
    "required": ["type", "title", "status", "detail", "hint", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "/problems/<code>"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "hint": {"type": "string", "description": "どうすればよいか"},
        "instance": {"type": "string", "format": "uri-reference"},
        "errors": {
            "type": "array",
            "description": "invalid: どこが(JSON Pointer)なぜ",
            "items": {
                "type": "object",
                "required": ["pointer", "reason"],
                "properties": {"pointer": {"type": "string"}, "reason": {"type": "string"}},
            },
        },
        "state": {"type": "string", "description": "illegal_move, act_settled: 今の状態"},
        "actions": {
            "type": "array",
            "description": "illegal_move, not_your_step: 今送れる通信文",
            "items": {"$ref": "#/components/schemas/ActionOut"},
        },
        "by": {
            "type": "array",
            "description": "not_your_step: 送れる当事者",
            "items": {"type": "string"},
        },
        "seat": {"type": "string", "description": "not_your_step: 要る席"},
        "guards": {
            "type": "array",
            "description": "guard_failed: 満たされていない条件",
            "items": {
                "type": "object",
                "required": ["name", "title", "reason", "needs"],
                "properties": {
                    "name": {"type": "string"},
                    "title": {"type": "string"},
                    "reason": {"type": "string"},
                    "needs": {"type": "array", "items": {"type": "string"}},
                    "missing": {
                        "type": "array",
                        "description": "consent_covers: 誰にどの区分を提供できないか",
                        "items": _MISSING,
                    },
                    "consents": {
                        "type": "array",
                        "description": "consent_covers: 挙げた同意ごとに、何が足りないか",
                        "items": _JUDGED,
                    },
                },
            },
        },
        "party": {"type": "string", "description": "ambiguous_route: 決まらない当事者"},
        "candidates": {
            "type": "array",
            "description": "ambiguous_route: 選べる機関",
            "items": {
                "type": "object",
                "required": ["agency_id", "name"],
                "properties": {"agency_id": {"type": "string"}, "name": {"type": "string"}},
            },
        },
        "roles": {
            "type": "array",
            "description": "not_your_act: その役割の席",
            "items": {"type": "string"},
        },
        "reason": {"type": "string", "description": "act_impossible: 理由の符号"},
        "version": {"type": "string", "description": "stale: 現在の版"},
        "size": {"type": "integer", "description": "not_sealed: 封じられている件数"},
        "scope": {"type": "string", "description": "scope_missing: 要る範囲"},
        "limit_bytes": {"type": "integer", "description": "too_large ほか: 上限"},
        "limit_messages": {"type": "integer", "description": "bundle_too_large: 上限"},
        "retry_after": {"type": "integer", "description": "busy ほか: 待つ秒数"},
    },
}
