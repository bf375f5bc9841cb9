"""Whoever has the contract alone can walk every row that it publishes, with its examples."""

import pytest

from app.domain.cases.case import SYSTEM
from app.domain.flows import FLOWS
from tests.api.flows.walker import PUBLISHED, STOPPED_BY_DECIDING, Walk, row_key

PATH_DEPENDENT = {
    "consent_covers",
    "relief_period_within_six_months",
    "closed_lately",
    "nothing_erased",
    "something_left",
    "parent_goes_on",
    "parent_takes_it_again",
    STOPPED_BY_DECIDING,
}
"""What refuses an example on some ways to a state, not on all: after a withdrawal, where the day of
the release is another, what the deciding party did itself, and an end that stays."""


@pytest.mark.parametrize("name", FLOWS)
def test_every_published_row_is_walked_by_the_contract_alone(name: str) -> None:
    walk = Walk(name)
    for _ in walk.places():
        pass
    published = {edge for row in PUBLISHED[name]["matrix"] for edge in row_key(row)}
    sent = {edge for edge in published if edge[2] != SYSTEM}
    unwalked = {edge: walk.refused.get(edge, {"never there"}) for edge in sent - walk.walked}
    assert not unwalked
    assert set().union(*walk.refused.values()) <= PATH_DEPENDENT
    # The rest happen while two referrals under one go on, and after an agency stopped one twice.
    by_service = {event.partition(".")[2] for event, _, _ in published - sent - walk.walked}
    assert by_service <= {
        "consent_suspended",
        "consent_claimed",
        "consent_recorded",
        "consent_confirmed",
        "exit_claimed",
    }
