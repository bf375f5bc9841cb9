"""`tsunagu demo`: plays the story on a running service, and checks everything that it tells."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import httpx
import typer

from app.cli.story import chapters
from app.cli.story.cast import PROBATION
from app.cli.story.clients_file import find
from app.cli.story.narrator import Narrator
from app.cli.story.player import Player, StoryMismatch
from app.cli.story.stage import NOBODY_ANSWERS, PATIENCE, CannotPlay, Stage, read_clients
from app.domain.text import Text
from app.settings import Settings

Url = Annotated[str | None, typer.Option("--url", help="サービスの URL / where it listens")]
Lang = Annotated[Literal["ja", "en"], typer.Option("--lang", help="語る言葉 / language")]
ClientsFile = Annotated[
    Path | None, typer.Option("--clients", help="接続情報のファイル / its demo-clients.json")
]


def demo(url: Url = None, lang: Lang = "ja", clients: ClientsFile = None) -> None:
    """物語を API で演じ、語ったことを全て確かめる / Play the story, checking all that it tells."""
    settings = Settings()
    narrator = Narrator(lang)
    base = (url or settings.url).rstrip("/")
    file = clients or find(settings, base)
    try:
        with _http(base, lang) as client:
            play(Stage(client, read_clients(_content(file))), narrator, base)
    except CannotPlay as error:
        _fail([error.reason.in_language(lang)])
    except StoryMismatch as error:
        _fail([OTHERWISE.in_language(lang), str(error)])


def play(stage: Stage, narrator: Narrator, url: str) -> None:
    """Play every chapter, and print at the end that everything was as told.

    Raises:
        CannotPlay: the service or the credentials are not there.
        StoryMismatch: the service did something else than the story says.
    """
    now = stage.now(PROBATION)
    narrator.print_opening(url, now)
    player = Player(stage, narrator)
    for chapter in chapters.CHAPTERS:
        player.play(chapter(now.date()))
    narrator.print_end(player.messages, player.checks)


def _http(url: str, language: str) -> httpx.Client:
    headers = {"Accept-Language": language}
    try:
        return httpx.Client(base_url=url, timeout=PATIENCE, headers=headers, trust_env=False)
    except httpx.InvalidURL:
        raise CannotPlay(NOBODY_ANSWERS) from None


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        reason = Text(
            f"接続情報のファイル {file} が読めません。`make run` が作ります。"
            "別の場所にあるなら --clients で指定してください。",
            f"The clients file {file} cannot be read. `make run` makes it; if it is elsewhere,"
            " say so with --clients.",
        )
        raise CannotPlay(reason) from None


def _fail(lines: Sequence[str]) -> None:
    sys.stdout.flush()
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(1)


OTHERWISE = Text("語ったとおりになりませんでした。", "Not as told.")
