"""A host, and what is claimed at a time, is shared by agencies first and then by endpoints."""

import asyncio
from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.adapters.webhooks.courier import CLAIM
from app.adapters.webhooks.lanes import HostShares, Lane
from tests.adapters.webhooks.conftest import AGENCY, Delivery
from tests.support.play import CENTER
from tests.support.receiver import OK, Received, Receiver

NOTICES_OF_ANOTHER = """
    INSERT INTO notice (id, webhook_id, agency_id, position, payload, created_at, since, due_at)
    SELECT gen_random_uuid(), $1, $2, 0, '{}', $3, $3, $3 FROM generate_series(1, 40)
"""


async def test_an_agency_has_no_more_of_a_host_by_more_endpoints_there(
    delivery: Delivery, receiver: Receiver
) -> None:
    go = asyncio.Event()

    async def waiting(_request: Received, _writer: asyncio.StreamWriter) -> bytes:
        await go.wait()
        return OK

    receiver.answer = waiting
    for n in range(6):
        await delivery.hook(receiver.url(f"/{n}"))
    one = await delivery.hook(receiver.url("/one"), agency=CENTER)
    await delivery.send(20)
    await delivery.office.owner.execute(NOTICES_OF_ANOTHER, one.id, CENTER, delivery.clock())
    async with delivery.courier():
        await receiver.until(16 + 6 * 5)
        assert Counter(r.path for r in receiver.received) == {
            "/one": 16,
            **{f"/{n}": 32 // 6 for n in range(6)},
        }
        go.set()
        await receiver.until(40 + 6 * 20)


async def test_an_agency_has_no_more_of_a_claim_by_more_endpoints(
    delivery: Delivery, receiver: Receiver
) -> None:
    hooks = [await delivery.hook(receiver.url(f"/{n}")) for n in range(6)]
    one = await delivery.hook(receiver.url("/one"), agency=CENTER)
    await delivery.send(20)
    now = delivery.clock()
    await delivery.office.owner.execute(NOTICES_OF_ANOTHER, one.id, CENTER, now)
    rows = await delivery.worker.fetch(
        CLAIM, now, now + timedelta(seconds=60), now.date(), 40, 240, [], []
    )
    claimed = Counter(row["webhook_id"] for row in rows)
    assert claimed.pop(one.id) == 20
    assert {row["agency_id"] for row in rows} == {AGENCY, CENTER}
    assert set(claimed) == {hook.id for hook in hooks}
    assert max(claimed.values()) - min(claimed.values()) <= 1


@given(st.lists(st.tuples(st.sampled_from("hi"), st.sampled_from("abcd")), min_size=1))
def test_agencies_share_a_host_whatever_endpoints_they_have(lanes: list[tuple[str, str]]) -> None:
    shares = HostShares()
    opened = [Lane(host, agency) for host, agency in lanes]
    for lane in opened:
        shares.add(lane)
    agencies = {host: {a for h, a in lanes if h == host} for host, _ in lanes}
    for host, agency in set(lanes):
        of_agency = sum(
            shares.of(lane, 64) for lane in opened if (lane.host, lane.agency) == (host, agency)
        )
        fair = 64 // len(agencies[host])
        assert of_agency <= max(fair, lanes.count((host, agency)))
    for lane in opened:
        shares.remove(lane)
    assert not shares._lanes
