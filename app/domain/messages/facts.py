"""Facts: what guards may use of a referral. Codes, dates, yes or no; never free text or names."""

from typing import TypeAlias

from app.domain.classes import DataClass

Fact: TypeAlias = str | int | bool | list[str] | list[int] | None

FACTS: dict[str, DataClass] = {
    "adjust_result": DataClass.C2,
    "requirements_met": DataClass.C2,
    "wish": DataClass.C2,
    "route": DataClass.C0,
    "feasible": DataClass.C0,
    "procedure_stage": DataClass.C4,
    "custody_stage": DataClass.C4,
    "detention_day1": DataClass.C4,
    "detention_end10": DataClass.C4,
    "detention_end20": DataClass.C4,
    "extended_to": DataClass.C4,
    "disposition": DataClass.C4,
    "cleared": DataClass.C4,
    "contact_ban": DataClass.C4,
    "objection": DataClass.C0,
    "release_on": DataClass.C4,
    "release_kind": DataClass.C4,
    "released_on": DataClass.C4,
    "placement_kind": DataClass.C7,
    "placement_from": DataClass.C7,
    "plan_agreed_on": DataClass.C7,
    "readiness": DataClass.C0,
    "response_due": DataClass.C0,
    "query_due": DataClass.C0,
    "relief_from": DataClass.C4,
    "relief_until": DataClass.C4,
    "probation_leave": DataClass.C0,
    "settled_on": DataClass.C0,
    "close_reason": DataClass.C0,
}
"""Every fact, with the class that a reader needs in order to see it."""

DEADLINES = frozenset(
    {
        "detention_end10",
        "detention_end20",
        "extended_to",
        "response_due",
        "query_due",
        "release_on",
        "relief_until",
    }
)
"""Facts that are deadlines: an agency that can see one finds it in its list of deadlines."""
