"""The directory in PostgreSQL: seeded once, read whole, changed by administrators."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime

import asyncpg
import pytest

from app.adapters.administration.by_owner import Administration, AdministrationError, AgencyChange
from app.adapters.database.logins import Urls
from app.adapters.directory.cache import DirectoryCache, load
from app.adapters.directory.seed import SeedCounts, seed
from app.domain.administration.seats import Client, Seat
from app.domain.directory.agencies import Agency

AT = datetime(2026, 4, 1, tzinfo=UTC)
CENTER = Agency(
    "center-x",
    "settlement_center",
    "試験センター",
    "13",
    areas=frozenset({(None, "130001"), ("defence_support", "140007")}),
    services={"suspect_support": date(2026, 4, 1)},
    note="試験",
)
DECIDER = Seat("center-x.decider", "center-x", "センター長", "decider", frozenset({"C0", "C1"}))
WORKER = Seat("center-x.case_worker", "center-x", "担当", "case_worker", frozenset({"C0"}))
SYSTEM = Client(
    "center-x.system", "center-x", "業務システム", (DECIDER.id, WORKER.id), "sha256$hash"
)


@pytest.fixture
async def own(new_database: Callable[[], Urls]) -> Urls:
    """An empty database of this test's own."""
    return new_database()


@pytest.fixture
async def connection(own: Urls) -> AsyncIterator[asyncpg.Connection]:
    """The owner of the tables, in that database."""
    connection = await asyncpg.connect(own.owner)
    yield connection
    await connection.close()


@pytest.fixture
async def administration(connection: asyncpg.Connection) -> Administration:
    """Administration over a directory with one center, its seats and its system."""
    administration = Administration(connection)
    await administration.add_agency(CENTER)
    await administration.add_seat(DECIDER, AT)
    await administration.add_seat(WORKER, AT)
    await administration.add_client(SYSTEM, AT)
    return administration


async def test_seeding_adds_the_whole_country_once(connection: asyncpg.Connection) -> None:
    first = await seed(connection)
    assert first.agencies > 400
    assert first.jurisdictions > 1000
    assert await seed(connection) == SeedCounts(0, 0)


async def test_seeding_again_leaves_what_administrators_changed(
    connection: asyncpg.Connection,
) -> None:
    await seed(connection)
    administration = Administration(connection)
    await administration.change_agency("center-13", AgencyChange(name="新名称", connected=False))
    await administration.remove_area("center-13", None, "130001")
    await administration.disable(Agency, "center-14", AT)
    await seed(connection)
    directory = await load(connection)
    center = directory.agency("center-13")
    assert center is not None
    assert (center.name, center.connected, center.areas) == ("新名称", False, frozenset())
    closed = directory.agency("center-14")
    assert closed is not None
    assert closed.disabled


async def test_what_is_seeded_is_routed(connection: asyncpg.Connection) -> None:
    await seed(connection)
    directory = await load(connection)
    abashiri = directory.agency("prison-abashiri")
    assert abashiri is not None
    near = directory.candidates(
        ["settlement_center", "probation_office"], "special_adjustment", abashiri
    )
    assert [agency.id for agency in near] == ["center-01-kushiro", "probation-01-kushiro"]


async def test_an_agency_is_read_as_it_was_added(
    administration: Administration, connection: asyncpg.Connection
) -> None:
    read = (await load(connection)).agency("center-x")
    assert read is not None
    fields = ("id", "kind", "name", "name_en", "prefecture", "connected", "note", "disabled")
    for name in (*fields, "areas", "services", "poi_code"):
        assert getattr(read, name) == getattr(CENTER, name)
    assert [agency.id for agency in await administration.agencies()] == ["center-x"]


async def test_a_change_touches_only_what_it_names(
    administration: Administration, connection: asyncpg.Connection
) -> None:
    await administration.change_agency("center-x", AgencyChange(name_en="Test Center", note=""))
    read = (await load(connection)).agency("center-x")
    assert read is not None
    assert (read.name, read.name_en, read.note) == (CENTER.name, "Test Center", None)
    assert read.services == CENTER.services


async def test_an_area_is_added_once_and_taken_away(
    administration: Administration, connection: asyncpg.Connection
) -> None:
    await administration.add_area("center-x", None, "120006")
    await administration.add_area("center-x", None, "120006")
    await administration.remove_area("center-x", "defence_support", "140007")
    read = (await load(connection)).agency("center-x")
    assert read is not None
    assert read.areas == {(None, "130001"), (None, "120006")}
    with pytest.raises(AdministrationError, match="unknown"):
        await administration.remove_area("center-x", None, "140007")


@pytest.mark.parametrize("what", [Agency, Seat, Client])
async def test_what_is_switched_off_can_be_switched_on(
    administration: Administration, what: type[Agency | Seat | Client]
) -> None:
    its_id = {Agency: "center-x", Seat: DECIDER.id, Client: SYSTEM.id}[what]

    async def off() -> bool:
        if what is Agency:
            return (await administration.agencies())[0].disabled
        rows = await (administration.seats() if what is Seat else administration.clients())
        return next(row for row in rows if row.id == its_id).disabled

    await administration.disable(what, its_id, AT)
    assert await off()
    await administration.disable(what, its_id, None)
    assert not await off()


async def test_seats_and_clients_are_listed_as_they_are(administration: Administration) -> None:
    assert await administration.seats("center-x") == [WORKER, DECIDER]
    (client,) = await administration.clients("center-x")
    assert client.seats == SYSTEM.seats
    assert client.secret_hash is None
    assert await administration.seats("center-y") == []


async def test_a_seat_is_changed(administration: Administration) -> None:
    await administration.change_seat(WORKER.id, None, "viewer", frozenset({"C0", "C2"}))
    (worker, _) = await administration.seats()
    assert (worker.name, worker.role) == ("担当", "viewer")
    assert worker.classes == {"C0", "C2"}


async def test_a_client_speaks_for_the_seats_it_is_linked_to_in_that_order(
    administration: Administration,
) -> None:
    await administration.link(SYSTEM.id, [WORKER.id, DECIDER.id])
    assert (await administration.clients())[0].seats == (WORKER.id, DECIDER.id)
    await administration.link(SYSTEM.id, [WORKER.id])
    assert (await administration.clients())[0].seats == (WORKER.id,)


async def test_a_client_is_given_another_key_and_keeps_its_name(
    administration: Administration, connection: asyncpg.Connection
) -> None:
    await administration.change_client(SYSTEM.id, secret_hash="other", public_jwk={"kty": "EC"})
    (client,) = await administration.clients()
    assert (client.name, client.public_jwk) == (SYSTEM.name, {"kty": "EC"})
    assert await connection.fetchval("SELECT secret_hash FROM client") == "other"


async def test_a_client_never_speaks_for_another_agency(
    administration: Administration, connection: asyncpg.Connection
) -> None:
    await seed(connection)
    await administration.add_seat(Seat("center-13.viewer", "center-13", "閲覧", "viewer"), AT)
    with pytest.raises(AdministrationError, match="other_agency"):
        await administration.link(SYSTEM.id, [DECIDER.id, "center-13.viewer"])
    assert (await administration.clients("center-x"))[0].seats == SYSTEM.seats


async def test_what_is_there_is_not_added_twice_and_what_is_not_is_not_changed(
    administration: Administration,
) -> None:
    with pytest.raises(AdministrationError, match="taken"):
        await administration.add_agency(CENTER)
    with pytest.raises(AdministrationError, match="taken"):
        await administration.add_client(SYSTEM, AT)
    with pytest.raises(AdministrationError, match="unknown"):
        await administration.add_seat(Seat("a.b", "nobody", "席", "viewer"), AT)
    with pytest.raises(AdministrationError, match="unknown"):
        await administration.change_agency("nobody", AgencyChange(name="名"))
    with pytest.raises(AdministrationError, match="unknown"):
        await administration.disable(Client, "nobody", AT)


async def test_a_client_that_cannot_be_linked_is_not_added(administration: Administration) -> None:
    with pytest.raises(AdministrationError, match="other_agency"):
        await administration.add_client(Client("center-x.two", "center-x", "二", ("no.seat",)), AT)
    assert [client.id for client in await administration.clients()] == [SYSTEM.id]


async def test_the_cache_reads_again_only_what_has_changed(
    administration: Administration, own: Urls
) -> None:
    async with asyncpg.create_pool(own.api, min_size=0, max_size=2) as pool:
        cache = DirectoryCache(pool)
        with pytest.raises(RuntimeError):
            cache.current()
        assert await cache.refresh()
        before = cache.current()
        assert not await cache.refresh()
        assert cache.current() is before
        await administration.change_agency("center-x", AgencyChange(name="改称"))
        assert await cache.refresh()
        after = cache.current().agency("center-x")
        assert after is not None
        assert after.name == "改称"


@pytest.mark.parametrize("change", ["area", "seat", "client"])
async def test_every_kind_of_change_is_noticed(
    administration: Administration, own: Urls, change: str
) -> None:
    async with asyncpg.create_pool(own.api, min_size=0, max_size=2) as pool:
        cache = DirectoryCache(pool)
        await cache.refresh()
        if change == "area":
            await administration.add_area("center-x", None, "120006")
        elif change == "seat":
            await administration.disable(Seat, DECIDER.id, AT)
        else:
            await administration.disable(Client, SYSTEM.id, AT)
        assert await cache.refresh()
