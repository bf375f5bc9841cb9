"""Examples and descriptions of the answers about flows."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from app.api.wire.documented import both

_TITLE = {"ja": "調査・面接の開始", "en": "start the selection"}
FLOW: dict[str, Any] = {
    "name": "special_adjustment",
    "title": {"ja": "特別調整・一般調整", "en": "special adjustment"},
    "deciding": "probation_office",
    "vouching": "probation_office",
    "needs_parent": False,
    "parties": [
        {
            "name": "center",
            "title": {"ja": "地域生活定着支援センター", "en": "settlement support center"},
            "kinds": ["settlement_center"],
            "classes": ["C0", "C1", "C2"],
            "by_consent": True,
        }
    ],
    "states": [
        {
            "name": "candidate_notified",
            "title": {"ja": "候補者通知済", "en": "candidate notified"},
            "returns": False,
        }
    ],
    "messages": [
        {
            "type": "special_adjustment.start_selection",
            "title": _TITLE,
            "opens": False,
            "takes_parent": False,
            "parents": [],
            "records_consent": None,
            "example_to": {},
            "sent_by_service": False,
            "fields": [{"name": "officer", "title": "担当官", "class": "C7", "required": False}],
            "schema": "/v1/flows/special_adjustment/schemas/start_selection",
            "page": "/v1/flows/special_adjustment/messages/start_selection",
        }
    ],
    "matrix": [
        {
            "from": ["candidate_notified"],
            "type": "special_adjustment.start_selection",
            "title": _TITLE,
            "by": ["probation_office"],
            "seat": "any",
            "on_paper": "recipient",
            "to": "under_selection",
            "copies": ["institution"],
            "readers": [
                {
                    "party": "institution",
                    "classes": ["C0"],
                    "if_named": False,
                    "if_informed": False,
                    "joins": False,
                    "leaves": False,
                    "may_send": False,
                }
            ],
            "joins": [],
            "ends": [],
            "guards": [],
            "takes": [],
            "needs": [],
            "reports": None,
            "lead": None,
            "erases": False,
            "added": False,
            "shares": [],
        }
    ],
    "guards": [],
    "facts": [
        {
            "name": "wish",
            "class": "C2",
            "is_deadline": False,
            "set_by": ["special_adjustment.notify_candidate"],
        }
    ],
    "classes": [{"class": "C1", "title": {"ja": "本人の特定", "en": "identity"}}],
    "self": "/v1/flows/special_adjustment",
    "diagram": "/v1/flows/special_adjustment/diagram",
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "/v1/flows/special_adjustment/schemas/start_selection",
    "title": _TITLE["ja"],
    "type": "object",
    "properties": {"type": {"const": "special_adjustment.start_selection", "x-data-class": "C0"}},
    "required": ["type"],
    "additionalProperties": False,
    "examples": [{"type": "special_adjustment.start_selection"}],
    "x-title-en": _TITLE["en"],
    "x-party": ["probation_office"],
}
DIAGRAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": both("Mermaid の図", "A diagram in Mermaid"),
        "content": {
            "text/vnd.mermaid": {
                "schema": {"type": "string"},
                "example": "stateDiagram-v2\n    [*] --> candidate_notified: notify_candidate",
            }
        },
    }
}


def example_response(
    example: Mapping[str, Any],
    media_type: str = "application/json",
    model: type[BaseModel] | None = None,
) -> dict[int | str, dict[str, Any]]:
    """The description of an answer by its model, if it has one, and an example."""
    schema: dict[str, Any] = {"type": "object"}
    if model:
        schema["allOf"] = [{"$ref": f"#/components/schemas/{model.__name__}"}]
    return {
        200: {
            "description": both("公開しているもの", "What is published"),
            "content": {media_type: {"schema": schema, "example": dict(example)}},
        }
    }


LIST: dict[str, Any] = {
    "items": [
        {
            "name": "special_adjustment",
            "title": {"ja": "特別調整・一般調整", "en": "special adjustment"},
            "self": "/v1/flows/special_adjustment",
            "diagram": "/v1/flows/special_adjustment/diagram",
        }
    ]
}
