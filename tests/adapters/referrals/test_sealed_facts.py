"""Facts of C1 to C8 are sealed under the key of the referral and their class."""

import json
from typing import Any
from uuid import UUID

import pytest

from app.adapters.keys.vault import Vault
from app.adapters.referrals.fact_sealing import FactSealing
from app.domain.classes import DataClass
from app.domain.keys.ports import CannotOpen
from app.domain.messages.facts import FACTS
from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, PRISON, PROBATION, TO_ASSESSING, special

SEALED = {name for name, data_class in FACTS.items() if data_class is not DataClass.C0}


async def stored(office: Office, referral: UUID) -> list[dict[str, Any]]:
    """The facts of a referral, as the database holds them: its own, and those of each view."""
    rows = await office.owner.fetch(
        "SELECT facts FROM referral WHERE id = $1 UNION ALL"
        " SELECT view -> 'facts' FROM party WHERE referral_id = $1",
        referral,
    )
    return [json.loads(row["facts"]) for row in rows]


async def facts_of(office: Office, agency_id: str, referral: UUID) -> dict[str, Any]:
    return dict((await office.reading.referral(agency_id, referral)).reader.view.facts)


async def make_clear(office: Office, referral: UUID, agencies: tuple[str, ...]) -> None:
    """Leave the facts of a referral as an older release has written them."""
    for agency_id in agencies:
        facts = await facts_of(office, agency_id, referral)
        await office.owner.execute(
            "UPDATE party SET view = jsonb_set(view, '{facts}', $3)"
            " WHERE referral_id = $1 AND agency_id = $2",
            referral,
            agency_id,
            json.dumps(facts),
        )
        await office.owner.execute(
            "UPDATE referral SET facts = facts || $2, facts_sealed = false WHERE id = $1",
            referral,
            json.dumps(facts),
        )


async def test_facts_of_other_classes_than_c0_are_stored_sealed_and_read_as_they_were(
    office: Office,
) -> None:
    referral = await special(office, TO_ASSESSING)
    for facts in await stored(office, referral):
        assert all(isinstance(value, dict) is (name in SEALED) for name, value in facts.items())
        assert facts.keys() & SEALED
    known = await facts_of(office, PROBATION, referral)
    assert known["adjust_result"] == "special"
    assert known.keys() & SEALED
    assert not any(isinstance(value, dict) for value in known.values())


async def test_keys_of_facts_are_those_of_a_present_partys_view(office: Office) -> None:
    referral = await special(office)

    async def given(agency_id: str) -> set[str]:
        query = "SELECT fact_keys($1, $2)"
        return set(json.loads(await office.pool.fetchval(query, agency_id, referral)))

    for agency_id in (PRISON, PROBATION, CENTER):
        view = await office.owner.fetchval(
            "SELECT view -> 'facts' FROM party WHERE referral_id = $1 AND agency_id = $2",
            referral,
            agency_id,
        )
        held = {f["class"] for f in json.loads(view).values() if isinstance(f, dict)}
        assert await given(agency_id) == held
        assert held
    assert await given("prison-osaka") == set()
    to = {"institution": "prison-osaka"}
    transfer = saying("special_adjustment.transfer_institution", referral, to=to)
    await office.exchange.accept(transfer, seat(PRISON))
    assert await given(PRISON) == set()


async def test_the_length_of_a_sealed_fact_tells_no_code(office: Office) -> None:
    referral = await special(office, TO_ASSESSING)
    lengths = {
        len(value["sealed"])
        for facts in await stored(office, referral)
        for name, value in facts.items()
        if name in SEALED
    }
    assert len(lengths) == 1


async def test_a_fact_that_stays_as_it_was_is_not_sealed_again(office: Office) -> None:
    referral = await special(office)
    before = await stored(office, referral)
    await office.exchange.accept(saying("special_adjustment.interview", referral), seat(CENTER))
    after = await stored(office, referral)
    sealed = [
        {f["adjust_result"]["sealed"] for f in facts if "adjust_result" in f}
        for facts in (before, after)
    ]
    assert sealed[0]
    assert sealed[0] == sealed[1]


async def test_without_the_key_of_its_class_a_fact_is_absent_and_the_case_goes_on(
    office: Office,
) -> None:
    referral = await special(office)
    data_class = FACTS["adjust_result"].value
    await office.owner.execute(
        "DELETE FROM referral_key WHERE referral_id = $1 AND class = $2", referral, data_class
    )
    await office.owner.execute(
        "UPDATE referral SET erased_classes = $2 WHERE id = $1", referral, [data_class]
    )
    assert "adjust_result" not in await facts_of(office, PROBATION, referral)
    withdraw = saying("special_adjustment.change_custody", referral)
    await office.exchange.accept(withdraw, seat(PRISON))
    for facts in await stored(office, referral):
        assert "adjust_result" not in facts
    keys = "SELECT count(*) FROM referral_key WHERE referral_id = $1 AND class = $2"
    assert await office.owner.fetchval(keys, referral, data_class) == 0


@pytest.mark.parametrize("name", ["adjust_result", "requirements_met"])
async def test_a_sealed_fact_opens_at_its_own_place_only(office: Office, name: str) -> None:
    referral, other = await special(office), await special(office)
    for source, agency_id, as_name in (
        (other, PROBATION, name),
        (referral, PRISON, name),
        (referral, PROBATION, "wish"),
    ):
        (taken,) = await office.row(
            "SELECT view -> 'facts' -> $3 FROM party WHERE referral_id = $1 AND agency_id = $2",
            source,
            agency_id,
            name,
        )
        if taken is None:
            continue
        (kept,) = await office.row(
            "SELECT view FROM party WHERE referral_id = $1 AND agency_id = $2", referral, PROBATION
        )
        put = (
            "UPDATE party SET view = jsonb_set(view, ARRAY['facts', $3], $4)"
            " WHERE referral_id = $1 AND agency_id = $2"
        )
        await office.owner.execute(put, referral, PROBATION, as_name, taken)
        with pytest.raises(CannotOpen):
            await facts_of(office, PROBATION, referral)
        restore = "UPDATE party SET view = $3 WHERE referral_id = $1 AND agency_id = $2"
        await office.owner.execute(restore, referral, PROBATION, kept)


async def test_facts_from_before_are_read_and_sealed_by_the_next_message(office: Office) -> None:
    referral = await special(office)
    known = await facts_of(office, PROBATION, referral)
    await make_clear(office, referral, (PROBATION, CENTER))
    assert await facts_of(office, PROBATION, referral) == known
    await office.exchange.accept(saying("special_adjustment.interview", referral), seat(CENTER))
    for facts in await stored(office, referral):
        assert all(isinstance(facts[name], dict) for name in facts.keys() & SEALED)


async def test_the_worker_seals_facts_from_before(office: Office) -> None:
    referral = await special(office)
    known = await facts_of(office, PROBATION, referral)
    await make_clear(office, referral, (PROBATION, CENTER))
    sealing = FactSealing(office.owner, office.writer.vault)
    while await sealing.seal():
        pass
    assert await sealing.left() == 0
    for facts in await stored(office, referral):
        assert all(isinstance(facts[name], dict) for name in facts.keys() & SEALED)
    assert await facts_of(office, PROBATION, referral) == known
    assert await facts_of(office, CENTER, referral)


async def test_what_changes_while_the_worker_seals_is_left_to_its_next_step(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    referral = await special(office)
    await make_clear(office, referral, (PROBATION, CENTER))
    unwrap = Vault.unwrap

    async def change_first(vault: Vault, keys: Any) -> list[bytes]:
        await office.owner.execute(
            'UPDATE "case" SET version = version + 1'
            " WHERE id = (SELECT case_id FROM referral WHERE id = $1)",
            referral,
        )
        return await unwrap(vault, keys)

    sealing = FactSealing(office.owner, office.writer.vault)
    with monkeypatch.context() as patch:
        patch.setattr(Vault, "unwrap", change_first)
        assert await sealing.seal() == 0
    assert await sealing.left() == 1
    assert await sealing.seal() == 1
