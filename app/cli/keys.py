"""`tsunagu keys`: which keys there are, and a new one to sign with."""

from datetime import timedelta
from typing import Annotated

import typer

from app.adapters.keys import KeyFolder
from app.adapters.log_keys import LogKeys
from app.auth.keys import OVERLAP, PUBLISHED_BEFORE, SigningKeys, Use
from app.settings import JAPAN, Settings

commands = typer.Typer(no_args_is_help=True, help="Keys in the data folder.")

_MEANING = {
    Use.NEXT: "is published, signs from then on",
    Use.SIGNING: "signs",
    Use.VERIFYING: "replaced, its tokens are still believed",
    Use.RECEIPTS: "replaced, verifies old receipts",
}

_NOTICED = timedelta(seconds=3)
"""By when every running process has looked at its folder."""

AtOnce = Annotated[
    bool, typer.Option("--at-once", help="Let it sign without being published first.")
]


@commands.command("list")
def list_keys() -> None:
    """Say which keys there are and what each is used for; never a key itself."""
    settings = Settings()
    folder, now = key_folder(settings), settings.running_clock()()
    for held in SigningKeys(folder).ring().keys:
        since = held.signs_from.astimezone(JAPAN).isoformat()
        print(f"signing  {held.key.verifying.kid}  {since}  {_MEANING[held.use(now)]}")
    log = LogKeys(folder, settings.log_name)
    signing = {each.key for each in log.signers(now)}
    for key in log.published():
        print(f"log      {key}  {'signs' if key in signing else 'verifies old checkpoints'}")
    *old, active = folder.masters()
    for master in old:
        print(f"master   {master.version}  opens what it has sealed")
    print(f"master   {active.version}  seals")


@commands.command("rotate-signing")
def rotate_signing(at_once: AtOnce = False) -> None:
    """Make a new signing key. Running processes notice it by themselves.

    It is published for ten minutes before it signs, so that everyone who keeps a copy of our public
    keys has it by then. After that, tokens of the old key are believed until they expire. If the
    old key was stolen: `--at-once`, then delete its file.
    """
    settings = Settings()
    folder, now = key_folder(settings), settings.running_clock()()
    added = folder.add_signing(now + (_NOTICED if at_once else PUBLISHED_BEFORE))
    since = added.signs_from.astimezone(JAPAN)
    print(f"The new key signs from {since.isoformat()}.")
    print(
        f"Tokens of the old one are believed until {(since + OVERLAP).isoformat()} at the latest."
    )


@commands.command("rotate-log")
def rotate_log() -> None:
    """Make a new key for the log's checkpoints. It signs at once; running processes notice it.

    The old key signs beside it for 30 days, and stays published for ever: whoever knows only the
    old one finds the new one on a checkpoint that both have signed. If the old key was stolen,
    note its public half (`tsunagu keys list`), for `tsunagu log verify --key`, and delete its file:
    the new key's checkpoints cover everything that the old one's did.
    """
    settings = Settings()
    folder, now = key_folder(settings), settings.running_clock()()
    since = folder.add_log(now).signs_from.astimezone(JAPAN)
    print(f"The new key of the log signs from {since.isoformat()}:")
    print(LogKeys(folder, settings.log_name).published()[-1])


def key_folder(settings: Settings) -> KeyFolder:
    """The keys in the data folder; at the very first start they are made here."""
    folder = KeyFolder(settings.data_dir / "keys")
    folder.prepare(settings.running_clock()())
    folder.prepare_log(settings.running_clock()())
    return folder
