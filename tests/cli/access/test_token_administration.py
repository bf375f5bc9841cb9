"""`tsunagu token revoke` and `tsunagu client … --dpop`, as an administrator types them."""

import asyncio
import json

import asyncpg
import pytest

from app.adapters.access.clients import StoredClients
from tests.cli.administration.test_administration import Say, say, url

__all__ = ["say", "url"]

CLIENT, SEAT, AGENCY = "center-x.system", "center-x.viewer", "center-x"


@pytest.fixture
def office(say: Say) -> Say:
    """Runs commands. The center has a seat, and a client linked to it."""
    assert say("seat", "add", AGENCY, "viewer", "--name", "閲覧").exit_code == 0
    assert say("client", "add", AGENCY, "--seat", SEAT).exit_code == 0
    return say


def stops(url: str) -> int:
    """How often tokens of the client, its seat and its agency have been stopped."""

    async def read() -> int:
        async with asyncpg.create_pool(url, min_size=0, max_size=1) as pool:
            client = await StoredClients(pool).client(CLIENT)
            assert client is not None
            return client.stops_at(SEAT)

    return asyncio.run(read())


def entries(url: str) -> list[asyncpg.Record]:
    async def read() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetch("SELECT * FROM log_entry WHERE kind = 'revocation'")
        finally:
            await connection.close()

    return asyncio.run(read())


@pytest.mark.parametrize(
    ("option", "its_id", "kind"),
    [("--client", CLIENT, "client"), ("--seat", SEAT, "seat"), ("--agency", AGENCY, "agency")],
)
def test_every_token_so_far_is_ended_and_the_log_says_of_whom(
    office: Say, url: str, option: str, its_id: str, kind: str
) -> None:
    before = stops(url)

    assert office("token", "revoke", option, its_id).exit_code == 0

    assert stops(url) == before + 1
    (entry,) = entries(url)
    assert json.loads(entry["detail"]) == {"all_of": kind}
    assert (entry["agencies"], entry["agency_id"]) == ([AGENCY], AGENCY)
    assert entry[f"{kind}_id"] == its_id


@pytest.mark.parametrize(
    "words", [(), ("--client", CLIENT, "--seat", SEAT), ("--client", "nobody.system")]
)
def test_what_is_not_exactly_one_that_there_is_ends_nothing(
    office: Say, url: str, words: tuple[str, ...]
) -> None:
    before = stops(url)
    assert office("token", "revoke", *words).exit_code != 0
    assert (stops(url), entries(url)) == (before, [])


def test_a_client_may_be_made_to_bind_its_tokens_and_let_off_again(office: Say, url: str) -> None:
    assert office("client", "add", AGENCY, "--seat", SEAT, "--id", "bound", "--dpop").exit_code == 0
    assert "secret,dpop" in office("client", "list").output
    before = stops(url)
    for option, more, listed in (("--dpop", 1, 2), ("--no-dpop", 0, 1)):
        assert office("client", "change", CLIENT, option).exit_code == 0
        before += more
        assert stops(url) == before
        assert office("client", "list").output.count("secret,dpop") == listed


def test_a_token_is_asked_for_by_a_client(say: Say) -> None:
    assert say("token").exit_code == 2
    assert "--client" in say("token", "--help").output
