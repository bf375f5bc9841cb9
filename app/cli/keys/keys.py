"""`tsunagu keys`: list, rotate and revoke keys."""

import asyncio
from datetime import datetime
from typing import Annotated

import typer

from app.adapters.keys.checkpoint_keys import existing_checkpoint_keys
from app.auth.signing_keys import OVERLAP, PUBLISHED_BEFORE, RingKey, SigningKeys, Use
from app.cli.keys.master_keys import (
    master_key_lines,
    retire_master,
    rewrap,
    rotate_master,
    seal_facts,
    serve_keys,
)
from app.cli.keys.session import RELOADED_WITHIN, AtOnce, key_folder, refuse, write_log_entry
from app.settings import JAPAN, Settings

commands = typer.Typer(no_args_is_help=True, help="鍵の一覧・交代・廃止 / keys in the data folder")

_MEANING = {
    Use.NEXT: "is published, signs from then on",
    Use.SIGNING: "signs",
    Use.VERIFYING: "replaced, its tokens are still believed",
    Use.RECEIPTS: "replaced, verifies old receipts",
}


@commands.command("list")
def list_keys() -> None:
    """鍵とその役目の一覧。鍵そのものは出さない / Say what each key is used for; never a key."""
    settings = Settings()
    folder, now = key_folder(settings), settings.running_clock()()
    for ring_key in SigningKeys(folder).ring().keys:
        since = ring_key.signs_from.astimezone(JAPAN).isoformat()
        print(f"signing  {ring_key.key.verifying.kid}  {since}  {_meaning(ring_key, now)}")
    log = existing_checkpoint_keys(folder, settings.log_name)
    signing = {each.key for each in log.signers(now)}
    for each in log.all_keys():
        if each.signs_from > now:
            use = f"signs from {each.signs_from.astimezone(JAPAN).isoformat()}"
        else:
            use = "signs" if each.key in signing else "verifies old checkpoints"
        print(f"log      {each.key}  {use}")
    print(*asyncio.run(master_key_lines(settings, now)), sep="\n")


@commands.command("rotate-signing")
def rotate_signing(at_once: AtOnce = False) -> None:
    """署名の鍵を新しくする / Make a new signing key. Running processes notice it by themselves.

    It is published for ten minutes before it signs, so that everyone who keeps a copy of our public
    keys has it by then. After that, tokens of the old key are believed until they expire. If the
    old key was stolen: `--at-once`, then `revoke-signing`.
    """
    settings = Settings()
    folder, now = key_folder(settings), settings.running_clock()()
    new_key = folder.add_signing(now + (RELOADED_WITHIN if at_once else PUBLISHED_BEFORE))
    since = new_key.signs_from.astimezone(JAPAN)
    print(f"The new key signs from {since.isoformat()}.")
    print(
        f"Tokens of the old one are believed until {(since + OVERLAP).isoformat()} at the latest."
    )
    write_log_entry(settings, "signing_key.added", {"signs_from": since.isoformat()})


@commands.command("revoke-signing")
def revoke_signing(
    kid: Annotated[str, typer.Argument(help="鍵の識別子 / kid, as `keys list` has it")],
) -> None:
    """盗まれた署名の鍵を止める / Let no token of a stolen signing key be believed any more.

    Its private half is destroyed here. The public half stays, for the receipts that it signed.
    """
    settings = Settings()
    folder = key_folder(settings)
    ring = SigningKeys(folder).ring().keys
    pems = dict(
        zip((ring_key.key.verifying.kid for ring_key in ring), folder.signing(), strict=True)
    )
    if kid not in pems or pems[kid].revoked:
        refuse(f"There is no signing key {kid} that could be revoked.")
    if sum(not pem.revoked for pem in pems.values()) == 1:
        refuse("It is the only one: first `tsunagu keys rotate-signing --at-once`.")
    folder.revoke_signing(pems[kid])
    print("Revoked. Remove its file on every other machine too, and in the backups of the folder.")
    write_log_entry(settings, "signing_key.revoked", {"kid": kid})


@commands.command("rotate-log")
def rotate_log() -> None:
    """記録の鍵を新しくする / Make a new key for the log's checkpoints. It signs at once.

    The old key signs beside it for 30 days, and stays published for ever: whoever knows only the
    old one finds the new one on a checkpoint that both have signed. If the old key was stolen,
    note its public half (`tsunagu keys list`), for `tsunagu log verify --key`, and delete its file:
    the new key's checkpoints cover everything that the old one's did.
    """
    settings = Settings()
    folder, now = key_folder(settings), settings.running_clock()()
    since = folder.add_log(now).signs_from.astimezone(JAPAN)
    print(f"The new key of the log signs from {since.isoformat()}:")
    print(existing_checkpoint_keys(folder, settings.log_name).public_keys()[-1])
    write_log_entry(settings, "log_key.added", {"signs_from": since.isoformat()})


def _meaning(ring_key: RingKey, at: datetime) -> str:
    return "revoked, verifies old receipts" if ring_key.revoked else _MEANING[ring_key.use(at)]


for name, command in (
    ("rotate-master", rotate_master),
    ("rewrap", rewrap),
    ("seal-facts", seal_facts),
    ("retire-master", retire_master),
    ("serve", serve_keys),
):
    commands.command(name)(command)
