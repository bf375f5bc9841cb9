"""`tsunagu agency|seat|client`, as an administrator types them."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.adapters.administration.by_owner import Administration
from app.adapters.database.connection import connect
from app.adapters.database.logins import Urls
from app.auth.secrets import verify_secret
from app.domain.directory.agencies import Agency
from tests.support.command_line import cli
from tests.support.jwk import ES256_KEY, UNUSABLE_KEYS

Say = Callable[..., Result]

CENTER = ("agency", "add", "center-x", "--kind", "settlement_center", "--name", "試験センター")


@pytest.fixture
def url(new_database: Callable[[], Urls], monkeypatch: pytest.MonkeyPatch) -> str:
    """The owner's login to an empty database, which the commands find in their settings."""
    url = new_database().owner
    monkeypatch.setenv("TSUNAGU_DATABASE_URL", url)
    return url


@pytest.fixture
def say(url: str) -> Say:
    """Runs a command. The directory has one center."""
    assert url
    runner = CliRunner()
    assert runner.invoke(cli, [*CENTER, "--prefecture", "13"]).exit_code == 0
    return lambda *words: runner.invoke(cli, words)


def agencies(url: str) -> dict[str, Agency]:
    async def read() -> dict[str, Agency]:
        async with connect(url) as connection:
            return {each.id: each for each in await Administration(connection).agencies()}

    return asyncio.run(read())


def stored_secret(url: str, client_id: str) -> str | None:
    async def read() -> str | None:
        async with connect(url) as connection:
            secret_hash: str | None = await connection.fetchval(
                "SELECT secret_hash FROM client WHERE id = $1", client_id
            )
            return secret_hash

    return asyncio.run(read())


def printed_secret(result: Result) -> str:
    return result.output.rpartition(" ")[2].strip()


def test_a_new_agency_is_responsible_for_its_prefecture_unless_areas_are_given(
    say: Say, url: str
) -> None:
    words = ("--kind", "prison", "--name", "試験刑務所", "--prefecture", "01", "--not-connected")
    assert say("agency", "add", "prison-x", *words, "--area", "012114").exit_code == 0
    by_id = agencies(url)
    assert by_id["center-x"].areas == {(None, "130001")}
    assert by_id["center-x"].connected
    assert by_id["prison-x"].areas == {(None, "012114")}
    assert not by_id["prison-x"].connected


def test_an_agency_is_changed_and_switched_off_and_on(say: Say, url: str) -> None:
    words = ("--name", "新名称", "--not-connected", "--supports-suspects-since", "2026-04-01")
    assert say("agency", "change", "center-x", *words).exit_code == 0
    assert say("agency", "disable", "center-x").exit_code == 0
    center = agencies(url)["center-x"]
    assert (center.name, center.connected, center.disabled) == ("新名称", False, True)
    assert str(center.services["suspect_support"]) == "2026-04-01"
    assert say("agency", "enable", "center-x").exit_code == 0
    assert not agencies(url)["center-x"].disabled


@pytest.mark.parametrize(
    "command",
    [
        ("agency", "change", "center-x", "--name"),
        ("agency", "change", "center-x", "--name-en"),
        ("agency", "change", "center-x", "--note"),
        ("agency", "add", "a-1", "--kind", "prison", "--prefecture", "01", "--name"),
        ("seat", "add", "center-x", "decider", "--name"),
        ("seat", "change", "center-x.viewer", "--name"),
        ("client", "add", "center-x", "--seat", "center-x.viewer", "--name"),
        ("client", "change", "center-x.system", "--name"),
    ],
)
def test_a_text_that_no_message_may_hold_is_refused(
    say: Say, url: str, command: tuple[str, ...]
) -> None:
    for text in ("名\ufffd", "\u202e名", "名\x07", "\u200b", "?"):
        refused = say(*command, text)
        assert refused.exit_code == 2, (text, refused.output)
        assert "--name" in refused.output or "--note" in refused.output
    assert agencies(url).keys() == {"center-x"}
    assert agencies(url)["center-x"].name == "試験センター"


def test_a_text_is_composed_as_in_a_message(say: Say, url: str) -> None:
    assert say("agency", "change", "center-x", "--name", "セ\u30f3タ\u30fc カ\u3099").exit_code == 0
    assert agencies(url)["center-x"].name == "センター ガ"


def test_areas_are_added_for_a_flow_and_taken_away(say: Say, url: str) -> None:
    assert say("agency", "add-area", "center-x", "suspect_support:140007").exit_code == 0
    assert say("agency", "remove-area", "center-x", "13").exit_code == 0
    assert agencies(url)["center-x"].areas == {("suspect_support", "140007")}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((*CENTER, "--prefecture", "13"), 1, "that id is taken"),
        ((*CENTER, "--prefecture", "48"), 2, "no such prefecture"),
        ((*CENTER, "--prefecture", "13", "--area", "131017"), 2, "check digit"),
        (
            ("agency", "add", "X Y", "--kind", "prison", "--name", "x", "--prefecture", "13"),
            2,
            "id",
        ),
        (("agency", "add", "x", "--kind", "shop", "--name", "x", "--prefecture", "13"), 2, "kind"),
        (("agency", "change", "nobody", "--name", "x"), 1, "nothing with that id"),
        (("agency", "remove-area", "center-x", "27"), 1, "nothing with that id"),
        (("seat", "add", "nobody", "viewer", "--name", "x"), 1, "nothing with that id"),
        (("seat", "add", "center-x", "boss", "--name", "x"), 2, "role"),
        (("client", "add", "center-x", "--seat", "no.seat"), 1, "a seat of another agency"),
    ],
)
def test_what_cannot_be_done_is_said_in_both_languages(
    say: Say, words: tuple[str, ...], code: int, message: str
) -> None:
    result = say(*words)
    assert result.exit_code == code
    assert message in " ".join(result.output.replace("│", "").split())


def test_a_seat_has_the_classes_of_its_role_or_those_that_are_given(say: Say) -> None:
    assert say("seat", "add", "center-x", "viewer", "--name", "閲覧").output == "center-x.viewer\n"
    say("seat", "add", "center-x", "decider", "--name", "所長", "--class", "C0", "--class", "C7")
    say("seat", "disable", "center-x.viewer")
    lines = say("seat", "list", "--agency", "center-x").output.splitlines()
    assert [line.split() for line in lines] == [
        ["center-x.decider", "decider", "所長", "C0,C7", "enabled"],
        ["center-x.viewer", "viewer", "閲覧", "C0,C1,C2,C3,C5", "disabled"],
    ]


def test_the_secret_of_a_client_is_shown_once_and_kept_as_a_hash(say: Say, url: str) -> None:
    say("seat", "add", "center-x", "viewer", "--name", "閲覧")
    secret = printed_secret(say("client", "add", "center-x", "--seat", "center-x.viewer"))
    assert verify_secret(secret, stored_secret(url, "center-x.system"))
    assert secret not in say("client", "list").output
    other = printed_secret(say("client", "change", "center-x.system", "--new-secret"))
    assert verify_secret(other, stored_secret(url, "center-x.system"))
    assert not verify_secret(secret, stored_secret(url, "center-x.system"))


def test_a_client_with_a_public_key_has_no_secret(say: Say, url: str, tmp_path: Path) -> None:
    say("seat", "add", "center-x", "viewer", "--name", "閲覧")
    file = tmp_path / "key.json"
    words = ("client", "add", "center-x", "--seat", "center-x.viewer", "--public-jwk", str(file))
    key = {**ES256_KEY, "kid": "ours", "use": "sig"}
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(key).encode())  # as some editors begin a file
    assert say(*words).output == "center-x.system\n"
    assert stored_secret(url, "center-x.system") is None


def test_a_key_that_no_signature_could_be_verified_with_is_not_registered(
    say: Say, tmp_path: Path
) -> None:
    say("seat", "add", "center-x", "viewer", "--name", "閲覧")
    contents = [(json.dumps(key).encode(), reason) for key, reason in UNUSABLE_KEYS.values()]
    contents += [(b"{", "JSON"), (b"[" * 5_000, "JSON"), (b"[]", "not a JSON object")]
    contents += [(b'{"kty": "EC", "kty": "EC"}', "twice"), (b"\xff\xfe{\0}\0", "JSON")]
    file = tmp_path / "key.json"
    option = ("--public-jwk", str(file))
    for content, reason in contents:
        file.write_bytes(content)
        for words in (
            ("client", "add", "center-x", "--seat", "center-x.viewer", *option),
            ("client", "change", "center-x.system", *option),
        ):
            result = CliRunner().invoke(cli, words, env={"COLUMNS": "400"})
            assert result.exit_code == 2, content
            assert reason in result.output, content
    assert say("client", "list").output == ""


def test_a_client_is_linked_to_other_seats_and_switched_off(say: Say) -> None:
    for role in ("viewer", "decider"):
        say("seat", "add", "center-x", role, "--name", "席")
    say("client", "add", "center-x", "--seat", "center-x.viewer", "--name", "台帳")
    assert (
        say("client", "link", "center-x.system", "center-x.decider", "center-x.viewer").exit_code
        == 0
    )
    assert say("client", "disable", "center-x.system").exit_code == 0
    assert say("client", "list").output.split() == [
        *("center-x.system", "台帳", "secret", "center-x.decider,center-x.viewer", "disabled")
    ]


def test_the_list_can_be_narrowed(say: Say) -> None:
    assert say("agency", "list", "--kind", "prison").output == ""
    assert say("agency", "list", "--prefecture", "13").output.split()[0] == "center-x"


def administration_entries(url: str) -> list[tuple[object, ...]]:
    """The log entries about administration, the oldest first."""

    async def read() -> list[tuple[object, ...]]:
        async with connect(url) as connection:
            rows = await connection.fetch(
                "SELECT agencies, agency_id, seat_id, detail FROM log_entry"
                " WHERE kind = 'administration' ORDER BY at, id"
            )
            details = [(json.loads(row["detail"]), row) for row in rows]
            assert {(d["by"], r["agency_id"], r["seat_id"]) for d, r in details} == {
                ("command line", None, None)
            }
            return [(d["act"], d["target"], r["agencies"]) for d, r in details]

    return asyncio.run(read())


def test_every_act_of_administration_is_in_the_log_of_the_agency_concerned(
    say: Say, url: str
) -> None:
    seat, system = "center-x.decider", "center-x.system"
    for words in (
        ("seat", "add", "center-x", "decider", "--name", "所長"),
        ("seat", "change", seat, "--class", "C0"),
        ("client", "add", "center-x", "--seat", seat),
        ("client", "change", system, "--new-secret"),
        ("client", "link", system, seat),
        ("client", "disable", system),
        ("client", "enable", system),
        ("seat", "disable", seat),
        ("agency", "change", "center-x", "--name", "新名称"),
        ("agency", "add-area", "center-x", "012114"),
        ("agency", "remove-area", "center-x", "012114"),
        ("agency", "disable", "center-x"),
    ):
        assert say(*words).exit_code == 0, words
    assert say("seat", "disable", "center-x.nobody").exit_code == 1  # nothing was done
    assert administration_entries(url) == [
        (act, target, ["center-x"])
        for act, target in (
            ("agency.add", "center-x"),
            ("seat.add", seat),
            ("seat.change", seat),
            ("client.add", system),
            ("client.change", system),
            ("client.link", system),
            ("client.disable", system),
            ("client.enable", system),
            ("seat.disable", seat),
            ("agency.change", "center-x"),
            ("agency.add_area", "center-x"),
            ("agency.remove_area", "center-x"),
            ("agency.disable", "center-x"),
        )
    ]
    entries = asyncio.run(all_details(url))
    assert "新名称" not in entries


async def all_details(url: str) -> str:
    async with connect(url) as connection:
        details: str = await connection.fetchval(
            "SELECT string_agg(detail::text, '') FROM log_entry"
        )
        return details


def test_an_agency_has_no_more_enabled_clients_than_the_settings_say(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSUNAGU_CLIENTS_PER_AGENCY", "1")
    seat = ("seat", "add", "center-x", "decider", "--name", "決裁")
    assert say(*seat).exit_code == 0
    add = ("client", "add", "center-x", "--seat", "center-x.decider", "--id")
    assert say(*add, "center-x.one").exit_code == 0
    refused = say(*add, "center-x.two")
    assert refused.exit_code == 1
    assert "TSUNAGU_CLIENTS_PER_AGENCY" in refused.output
    assert say("client", "disable", "center-x.one").exit_code == 0
    assert say(*add, "center-x.two").exit_code == 0
    assert say("client", "enable", "center-x.one").exit_code == 1
    assert "center-x.one" in say("client", "list").output
