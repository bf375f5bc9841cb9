"""What consent covers, the database answers as the domain decides: over whatever was consented."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.cases.case import SUSPENDED, Case, Referral
from app.domain.classes import DataClass
from app.domain.consents.consent import PURPOSE_FLOWS, Consent, ConsentRecord, covered_classes
from app.domain.flows import FLOWS
from tests.support.callers import START

AGENCY, KIND = "center-13", "settlement_center"
TODAY = START.date()
NAMES = ("center-13", "center-27", "settlement_center", "probation_office")

days = st.integers(-2, 2).map(lambda n: TODAY + timedelta(days=n))
classes = st.frozensets(st.sampled_from(DataClass))
consents = st.builds(
    Consent,
    st.builds(
        ConsentRecord,
        st.uuids(),
        st.sampled_from([*PURPOSE_FLOWS, "another"]),
        st.lists(st.sampled_from(NAMES), unique=True).map(tuple),
        classes,
        days,
        st.none() | days,
    ),
    st.just(UUID(int=0)),
    st.none() | st.none() | days,
    st.frozensets(st.sampled_from([*NAMES, "C0", "C1", "C4", "C7"]), max_size=2),
    st.none(),
    st.booleans(),
)
"""Consents that are not yet recorded in any referral."""


@dataclass(frozen=True)
class Place:
    """A referral, and what was consented to in it."""

    flow: str
    state: str
    back: Sequence[str]
    consents: Sequence[Consent]
    is_above: bool
    """Whether the referral that is asked about lies below it."""


states = st.sampled_from(["assessing", "assessing", SUSPENDED])
places = st.builds(
    Place,
    st.sampled_from(sorted(FLOWS)),
    states,
    st.lists(states, max_size=1),
    st.lists(consents, max_size=3),
    st.booleans(),
)


def case_of(places: Sequence[Place]) -> tuple[Case, Referral]:
    """A case of these referrals, and the one that is asked about: the last.

    Those that are above it are a line from the root on, and each other one is a root of its own.
    """
    referrals: dict[UUID, Referral] = {}
    recorded: list[Consent] = []
    above: UUID | None = None
    for place in places:
        last = place is places[-1]
        parent = above if last or place.is_above else None
        referral = Referral(uuid4(), place.flow, place.state, parent, tuple(place.back), {}, ())
        referrals[referral.id] = referral
        if place.is_above:
            above = referral.id
        for consent in place.consents:
            record = ConsentRecord(
                uuid4(),
                consent.record.purpose,
                consent.record.recipients,
                consent.record.classes,
                consent.record.valid_from,
                consent.record.valid_until,
            )
            recorded.append(replace(consent, record=record, referral_id=referral.id))
    case = Case(uuid4(), 1, None, referrals, tuple(recorded))
    return case, referral


async def write(connection: Any, case: Case) -> None:
    """Write down a case with its consents, as far as coverage looks at it."""
    await connection.execute('INSERT INTO "case" VALUES ($1, 1, NULL, $2)', case.id, START)
    await connection.executemany(
        "INSERT INTO referral (id, case_id, flow, reference, state, back, facts, parent_id,"
        " opened_at) VALUES ($1, $2, $3, $8, $4, $5, '{}', $6, $7)",
        [
            (r.id, case.id, r.flow, r.state, list(r.back), r.parent, START, str(r.id))
            for r in case.referrals.values()
        ],
    )
    await connection.executemany(
        "INSERT INTO consent (case_id, id, referral_id, message_id, purpose, recipients, classes,"
        " valid_from, valid_until, withdrawn_on, withdrawn_items, claimed)"
        " VALUES ($1, $2, $3, $2, $4, $5, $6, $7, $8, $9, $10, $11)",
        [
            (
                case.id,
                c.record.id,
                c.referral_id,
                c.record.purpose,
                list(c.record.recipients),
                sorted(c.record.classes),
                c.record.valid_from,
                c.record.valid_until,
                c.withdrawn_on,
                sorted(c.withdrawn_items),
                c.claimed,
            )
            for c in case.consents
        ],
    )


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(places=st.lists(places, min_size=1, max_size=4))
async def test_the_database_covers_what_the_domain_covers(
    owner: asyncpg.Pool, places: Sequence[Place]
) -> None:
    case, referral = case_of(places)
    expected = covered_classes(case.effective_consents(referral), AGENCY, KIND, TODAY)
    async with owner.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute(
                "INSERT INTO agency (id, kind, name, prefecture, connected)"
                " VALUES ($1, $2, $1, '13', true) ON CONFLICT (id) DO NOTHING",
                AGENCY,
                KIND,
            )
            await write(connection, case)
            query = "SELECT covered($1, $2, $3)"
            answer = await connection.fetchval(query, AGENCY, referral.id, TODAY)
        finally:
            await transaction.rollback()
    assert {DataClass.C0, *(answer or ())} == expected
