"""Examples of the directory's answers, for the published contract."""

from collections.abc import Mapping
from typing import Any

_CENTER = {
    "id": "center-13",
    "kind": "settlement_center",
    "name": "東京都地域生活定着支援センター",
    "name_en": None,
    "prefecture": "13",
    "connected": True,
}

AGENCIES: Mapping[str, Any] = {"items": [_CENTER], "next": None}
AGENCY: Mapping[str, Any] = {
    **_CENTER,
    "areas": [{"flow": None, "area": "130001"}],
    "services": {"suspect_support": None},
    "poi_code": None,
    "note": None,
    "disabled": False,
}
ROUTES: Mapping[str, Any] = {
    "flow": "special_adjustment",
    "area": "130001",
    "prefecture": "東京都",
    "items": [
        {
            "kind": "settlement_center",
            "parties": ["center"],
            "ambiguous": False,
            "candidates": [_CENTER],
        }
    ],
}
