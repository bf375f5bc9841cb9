"""`tsunagu demo` on a real service: it plays to the end, and stops where the service disagrees."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.story import chapters, home, twenty_days
from app.cli.story.cast import PROBATION
from app.cli.story.scene import Refused, Scene, Sends
from app.domain.calendar.business_days import is_closed
from tests.support.command_line import cli
from tests.support.story import Service

ENDS = {"ja": "すべて語ったとおりでした", "en": "All was as told"}
Scenes = Callable[[date], Iterator[Scene]]


def play(whole_service: Service, *options: str) -> Result:
    return CliRunner().invoke(
        cli, ["demo", "--url", whole_service.url, "--clients", str(whole_service.clients), *options]
    )


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[[Scenes], None]:
    """Lets the story have one chapter."""
    return lambda chapter: monkeypatch.setattr(chapters, "CHAPTERS", (chapter,))


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_story_ends_as_told_in_both_languages(
    story: Callable[[str], Result], language: str
) -> None:
    played = story(language)
    assert played.exit_code == 0, played.output
    assert ENDS[language] in played.output.splitlines()[-1]
    assert bool(re.search("[ぁ-ん]", played.output)) == (language == "ja")


def test_it_can_be_told_again_on_the_same_service(
    whole_service: Service, only: Callable[[Scenes], None]
) -> None:
    only(twenty_days.scenes)
    assert play(whole_service).exit_code == play(whole_service).exit_code == 0


def test_every_message_shows_when_it_was_accepted(story: Callable[[str], Result]) -> None:
    accepted = re.findall(r"accepted \d\d:\d\d:\d\d\.\d{3}\n", story("en").output)
    counted = re.search(r"\((\d+) messages", story("en").output)
    assert counted is not None
    assert len(accepted) == int(counted[1])


@pytest.mark.parametrize(
    ("wrong_scene", "difference"),
    [
        (lambda s: replace(s, then="closed"), "expected closed, found"),
        (lambda s: replace(s, recipients={}), "expected 404 GET"),
        (lambda s: replace(s, recipients={PROBATION: "C0"}), "expected C0, found"),
        (lambda s: replace(s, facts={"release_on": date(2000, 1, 1)}), "2000-01-01"),
        (lambda s: replace(s, event="start_selection"), "422"),
    ],
    ids=["state", "readers", "classes", "facts", "answer"],
)
def test_a_step_that_is_answered_otherwise_stops_the_story(
    whole_service: Service,
    only: Callable[[Scenes], None],
    wrong_scene: Callable[[Sends], Sends],
    difference: str,
) -> None:
    def otherwise(today: date) -> Iterator[Scene]:
        scenes = home.scenes(today)
        yield next(scenes)
        first = next(scenes)
        assert isinstance(first, Sends)
        yield wrong_scene(first)

    only(otherwise)
    result = play(whole_service)
    assert result.exit_code == 1
    assert difference in result.stderr
    assert ENDS["ja"] not in result.stdout


def test_a_message_that_is_accepted_though_it_should_be_refused_stops_the_story(
    whole_service: Service, only: Callable[[Scenes], None]
) -> None:
    def otherwise(today: date) -> Iterator[Scene]:
        scenes = home.scenes(today)
        yield next(scenes)
        first = next(scenes)
        assert isinstance(first, Sends)
        yield Refused(first, "guard_failed")

    only(otherwise)
    result = play(whole_service)
    assert result.exit_code == 1
    assert "expected guard_failed, found 201" in result.stderr


def test_a_service_that_is_not_there_is_said_in_words(whole_service: Service) -> None:
    nobody = CliRunner().invoke(
        cli,
        [
            "demo",
            "--url",
            "http://127.0.0.1:1",
            "--clients",
            str(whole_service.clients),
            "--lang",
            "en",
        ],
    )
    assert nobody.exit_code == 1
    assert "make run" in nobody.stderr


def test_credentials_that_are_not_there_are_said_in_words(
    whole_service: Service, tmp_path: Path
) -> None:
    def with_clients(file: Path) -> str:
        result = CliRunner().invoke(
            cli, ["demo", "--url", whole_service.url, "--clients", str(file), "--lang", "en"]
        )
        assert result.exit_code == 1
        return result.stderr

    assert "cannot be read" in with_clients(tmp_path / "none.json")
    broken = tmp_path / "broken.json"
    broken.write_text("[{}]")
    assert "demo-clients.json" in with_clients(broken)
    stale = tmp_path / "stale.json"
    clients = json.loads(whole_service.clients.read_text())
    stale.write_text(json.dumps([c | {"secret": "tsc_another"} for c in clients]))
    assert "does not know these credentials" in with_clients(stale)


def test_the_release_is_always_on_a_day_on_which_offices_are_closed() -> None:
    for days in range(400):
        today = date(2026, 1, 1) + timedelta(days=days)
        plot = home.HomePlot.ending(today)
        assert is_closed(plot.release)
        assert plot.release <= today
