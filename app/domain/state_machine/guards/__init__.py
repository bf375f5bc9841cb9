"""The guards of the flows: conditions of a step, each with its name, its reason and what it needs.

A guard looks at the situation only. `needs` names fields and facts, never what stands in them.
"""

from app.domain.state_machine.guards.base import has_come
from app.domain.state_machine.guards.center import (
    center_offers_service,
    center_takes_area,
    counsel_leave,
    holiday_plan_for_closed_day,
    is_lead,
    one_agreed_placement,
)
from app.domain.state_machine.guards.ending import (
    close_reason_allowed,
    closed_for_objection,
    closed_lately,
    consent_withdrawn,
    nothing_erased,
    parent_goes_on,
    something_left,
)
from app.domain.state_machine.guards.procedure import (
    defendants_only,
    explained_all_items,
    frees,
    imprisons,
    indicts,
    no_objection_standing,
    plan_has_first_night,
    suspects_only,
)
from app.domain.state_machine.guards.relief import (
    extension_conditions,
    months_after,
    relief_period_within_six_months,
    written_application,
)
from app.domain.state_machine.guards.selection import (
    failed_requirements_named,
    general_requirements,
    requirement6_consent_valid,
    result_as_selected,
    six_requirements_met,
    wish,
)
from app.domain.state_machine.guards.vouching import claim_waits, withdrawal_recorded

__all__ = [
    "center_offers_service",
    "center_takes_area",
    "claim_waits",
    "close_reason_allowed",
    "closed_for_objection",
    "closed_lately",
    "consent_withdrawn",
    "counsel_leave",
    "defendants_only",
    "explained_all_items",
    "extension_conditions",
    "failed_requirements_named",
    "frees",
    "general_requirements",
    "has_come",
    "holiday_plan_for_closed_day",
    "imprisons",
    "indicts",
    "is_lead",
    "months_after",
    "no_objection_standing",
    "nothing_erased",
    "one_agreed_placement",
    "parent_goes_on",
    "plan_has_first_night",
    "relief_period_within_six_months",
    "requirement6_consent_valid",
    "result_as_selected",
    "six_requirements_met",
    "something_left",
    "suspects_only",
    "wish",
    "withdrawal_recorded",
    "written_application",
]
