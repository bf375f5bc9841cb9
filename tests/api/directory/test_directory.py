"""The national directory over HTTP: seeded, read into memory, searched and routed."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from app.adapters.administration.by_owner import Administration
from app.adapters.database.connection import connect
from app.adapters.database.logins import Urls
from app.adapters.directory.cache import DirectoryCache
from app.adapters.directory.seed import seed
from app.adapters.keys.folder import KeyFolder
from app.api.directory import routes as directory
from app.api.wire import dependencies
from app.api.wire.dependencies import ServiceClock, ServiceDirectory
from app.api.wire.problems import answers
from app.api.wire.rates import Rate, Rates
from app.api.wire.refused_work import RefusedWork
from app.auth.scopes import Scope
from app.auth.signing_keys import SigningKeys
from app.auth.tokens import TokenIssuer, TokenReader, TokenTerms
from app.domain.access.caller import Caller
from app.domain.directory.agencies import Agency
from app.domain.flows import FLOWS

ISSUER = "https://tsunagu.example"
NOW = datetime(2026, 11, 20, 1, 15, tzinfo=UTC)


def caller(*scopes: Scope) -> Caller:
    center = "center-13"
    return Caller(
        client_id=f"{center}.system",
        agency_id=center,
        seat_id=f"{center}.viewer",
        role="viewer",
        scopes=frozenset(scopes),
        classes=frozenset(),
        decides=False,
    )


@pytest.fixture(scope="module")
async def urls(new_database: Callable[[], Urls]) -> Urls:
    """A database with the national directory, and one center that was switched off."""
    urls = new_database()
    async with connect(urls.owner) as connection:
        await seed(connection)
        await Administration(connection).disable(Agency, "center-47", NOW)
    return urls


@asynccontextmanager
async def serve_directory(
    urls: Urls, folder: KeyFolder, *scopes: Scope
) -> AsyncIterator[AsyncClient]:
    """The directory's routes over that database, called with a token of these scopes."""
    folder.prepare(NOW)
    keys, terms = SigningKeys(folder), TokenTerms(ISSUER, ISSUER)
    issuer = TokenIssuer(keys, terms)
    async with asyncpg.create_pool(urls.api, min_size=0, max_size=2) as pool:
        cache = DirectoryCache(pool)
        await cache.refresh()
        tokens = TokenReader(keys, terms, lambda *_: True)
        app = FastAPI()
        objects = (
            ServiceClock(lambda: NOW),
            ServiceDirectory(cache.current),
            Rates(Rate()),
            RefusedWork(counts=False),
            tokens,
        )
        dependencies.install(app, objects)
        app.include_router(directory.router)
        answers.install(app)
        token = issuer.issue(caller(*scopes), NOW).token
        async with AsyncClient(
            transport=ASGITransport(app),
            base_url=ISSUER,
            headers={"Authorization": f"Bearer {token}"},
        ) as client:
            yield client


@pytest.fixture(scope="module")
async def http(urls: Urls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsyncClient]:
    folder = KeyFolder(tmp_path_factory.mktemp("keys"))
    async with serve_directory(urls, folder, Scope.DIRECTORY_READ) as client:
        yield client


async def test_a_kind_that_the_contract_names_is_known_though_no_agency_is_of_it(
    http: AsyncClient,
) -> None:
    assert (await page(http, kind="legal_support_center"))["items"] == []
    assert (await page(http, kind="defence_counsel"))["items"] == []
    for kind in {
        k for flow in FLOWS.values() for role in flow.parties.values() for k in role.kinds
    }:
        assert all(each["kind"] == kind for each in (await page(http, kind=kind))["items"])


async def page(http: AsyncClient, **query: Any) -> dict[str, Any]:
    response = await http.get("/v1/agencies", params=query)
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


async def ids(http: AsyncClient, **query: Any) -> list[str]:
    return [item["id"] for item in (await page(http, **query))["items"]]


async def routes(http: AsyncClient, flow: str, area: str) -> dict[str, list[str]]:
    response = await http.get("/v1/routes", params={"flow": flow, "area": area})
    assert response.status_code == 200
    return {
        item["kind"]: [agency["id"] for agency in item["candidates"]]
        for item in response.json()["items"]
    }


def reasons(response: Response) -> list[tuple[str, str]]:
    assert response.status_code == 422
    return [(error["pointer"], error["reason"]) for error in response.json()["errors"]]


async def test_an_agency_is_listed_with_its_name_kind_and_prefecture(http: AsyncClient) -> None:
    (item,) = (await page(http, kind="settlement_center", prefecture="13"))["items"]
    assert item == {
        "id": "center-13",
        "kind": "settlement_center",
        "name": "東京都地域生活定着支援センター",
        "name_en": "Tokyo Settlement Support Center",
        "prefecture": "13",
        "connected": True,
    }


async def test_pages_put_together_are_the_whole_directory_in_order(http: AsyncClient) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": 7, "kind": "bar_association"} | ({"cursor": cursor} if cursor else {})
        part = await page(http, **query)
        seen += [item["id"] for item in part["items"]]
        cursor = part["next"]
        if cursor is None:
            break
    assert len(seen) == 52
    assert seen == sorted(set(seen))


async def test_a_full_last_page_has_no_next(http: AsyncClient) -> None:
    assert (await page(http, kind="bar_association", limit=52))["next"] is None
    assert (await page(http, kind="bar_association", limit=51))["next"] is not None


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("府中", ["prison-fuchu"]),
        ("ｆｕｃｈｕ", ["prison-fuchu"]),
        ("HAKODATE bar", ["bar-01-hakodate"]),
        ("存在しない", []),
    ],
)
async def test_names_are_searched_in_both_languages_whatever_their_width_or_case(
    http: AsyncClient, q: str, expected: list[str]
) -> None:
    assert await ids(http, q=q) == expected


async def test_who_does_not_take_part_can_be_listed(http: AsyncClient) -> None:
    connected_prisons = await ids(http, kind="prison", connected=True)
    assert connected_prisons == ["prison-fuchu", "prison-osaka"]
    assert len(await ids(http, kind="prison", connected=False, limit=200)) == 57


async def test_a_disabled_agency_is_in_no_list_and_can_still_be_read(http: AsyncClient) -> None:
    assert await ids(http, kind="settlement_center", prefecture="47") == []
    read = await http.get("/v1/agencies/center-47")
    assert read.json()["disabled"] is True


async def test_an_agency_is_read_with_its_areas_and_services(http: AsyncClient) -> None:
    osaka = (await http.get("/v1/agencies/center-27")).json()
    assert osaka["areas"] == [{"flow": None, "area": "270008"}]
    assert osaka["services"] == {"suspect_support": "2021-08-01"}
    kushiro = (await http.get("/v1/agencies/center-01-kushiro")).json()
    assert len(kushiro["areas"]) == 50
    assert kushiro["services"] == {"suspect_support": None}


async def test_there_is_nothing_under_an_unknown_id(http: AsyncClient) -> None:
    assert (await http.get("/v1/agencies/center-99")).status_code == 404


async def test_a_municipality_is_routed_to_one_agency_of_each_kind(http: AsyncClient) -> None:
    assert await routes(http, "suspect_support", "270008") == {
        "settlement_center": ["center-27"],
        "probation_office": ["probation-27"],
        "prosecutor_district": ["prosecutor-27"],
    }
    assert await routes(http, "suspect_support", "012114") == {
        "settlement_center": ["center-01-kushiro"],
        "probation_office": ["probation-01-kushiro"],
        "prosecutor_district": ["prosecutor-01-kushiro"],
    }


async def test_two_digits_are_a_whole_prefecture_and_several_agencies_are_said_to_be_so(
    http: AsyncClient,
) -> None:
    response = await http.get("/v1/routes", params={"flow": "special_adjustment", "area": "01"})
    body = response.json()
    assert (body["area"], body["prefecture"]) == ("010006", "北海道")
    (centers,) = [item for item in body["items"] if item["kind"] == "settlement_center"]
    assert centers["parties"] == ["center"]
    assert centers["ambiguous"] is True
    assert [center["id"] for center in centers["candidates"]] == [
        "center-01-kushiro",
        "center-01-sapporo",
    ]


async def test_an_area_whose_agency_is_disabled_has_no_candidate(http: AsyncClient) -> None:
    assert (await routes(http, "special_adjustment", "470007"))["settlement_center"] == []


@pytest.mark.parametrize(
    ("area", "reason"),
    [
        ("131017", "area_check_digit"),
        ("48", "area_prefecture"),
        ("13101", "area_form"),
        ("東京", "area_form"),
    ],
)
async def test_an_area_that_is_none_is_refused_with_its_reason(
    http: AsyncClient, area: str, reason: str
) -> None:
    response = await http.get("/v1/routes", params={"flow": "suspect_support", "area": area})
    assert reasons(response) == [("/query/area", reason)]
    assert area not in response.text.replace("/query/area", "")


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/v1/routes?flow=no_such_flow&area=13", "/query/flow"),
        ("/v1/routes?flow=suspect_support", "/query/area"),
        ("/v1/agencies?prefecture=99", "/query/prefecture"),
        ("/v1/agencies?limit=201", "/query/limit"),
        ("/v1/agencies?limit=0", "/query/limit"),
        ("/v1/agencies?cursor=%C3%A9", "/query/cursor"),
        ("/v1/agencies?cursor=_w==", "/query/cursor"),
        ("/v1/agencies?cursor='", "/query/cursor"),
        ("/v1/agencies?cursor=", "/query/cursor"),
        ("/v1/agencies?cursor=center-13", "/query/cursor"),
        ("/v1/agencies?kind=No%20Kind", "/query/kind"),
    ],
)
async def test_a_query_with_a_bad_value_is_refused_at_its_place(
    http: AsyncClient, path: str, pointer: str
) -> None:
    assert [place for place, _ in reasons(await http.get(path))] == [pointer]


@pytest.mark.parametrize(
    "path", ["/v1/agencies", "/v1/agencies/center-13", "/v1/routes?flow=suspect_support&area=13"]
)
async def test_the_directory_is_for_callers_with_its_scope(
    urls: Urls, http: AsyncClient, tmp_path_factory: pytest.TempPathFactory, path: str
) -> None:
    assert (await http.get(path)).status_code == 200
    assert (await http.get(path, headers={"Authorization": ""})).status_code == 401
    folder = KeyFolder(tmp_path_factory.mktemp("keys"))
    async with serve_directory(urls, folder, Scope.INBOX_READ) as other:
        assert (await other.get(path)).status_code == 403
