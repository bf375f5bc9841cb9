"""`tsunagu client`: the systems of an agency, their secrets or keys, and their seats."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from app.adapters.administration.by_owner import Administration
from app.auth.jwt import public_key
from app.auth.secrets import hash_secret, new_secret
from app.cli.administration.session import (
    AgencyFilter,
    administer,
    good_text,
    new_id,
    now,
    print_table,
    status,
)
from app.domain.administration.seats import Client

client = typer.Typer(
    no_args_is_help=True, help="接続システムを登録・変更・停止する / systems of an agency"
)

_UNREADABLE = (json.JSONDecodeError, UnicodeDecodeError, RecursionError)

Id = Annotated[
    str, typer.Argument(metavar="ID", help="システムの識別子 / its id (center-13.system)")
]
Name = Annotated[str | None, typer.Option(help="名称 / name", callback=good_text)]
Jwk = Annotated[
    Path | None,
    typer.Option(
        "--public-jwk",
        exists=True,
        dir_okay=False,
        help="秘密の代わりの公開鍵(JWK のファイル) / a file with a public JWK instead of a secret",
    ),
]
Dpop = Annotated[
    bool | None,
    typer.Option(
        "--dpop/--no-dpop",
        help="鍵に結んだトークンだけを渡す (RFC 9449) / only tokens that are bound to a key",
    ),
]
SHOWN_ONCE = "秘密(再び表示されません) / secret, shown only now: {}"


@client.command("list")
def list_clients(agency: AgencyFilter = None) -> None:
    """接続システムの一覧 / List clients."""
    clients = administer(lambda admin: admin.clients(agency))
    print_table(
        (
            each.id,
            each.name,
            ("key" if each.public_jwk else "secret") + (",dpop" if each.dpop_required else ""),
            ",".join(each.seats),
            status(each.disabled),
        )
        for each in clients
    )


@client.command("add")
def add_client(
    agency: Annotated[str, typer.Argument(metavar="AGENCY", help="機関の識別子 / its agency")],
    seat: Annotated[
        list[str],
        typer.Option(
            help="代表する席(繰り返し可、最初が既定) / seat, repeatable; the first is the default"
        ),
    ],
    name: Annotated[str, typer.Option(help="名称 / name", callback=good_text)] = "業務システム",
    client_id: Annotated[
        str | None, typer.Option("--id", help="省くと機関.system / default: agency.system")
    ] = None,
    public_jwk: Jwk = None,
    dpop: Dpop = None,
) -> None:
    """接続システムを登録し、秘密を一度だけ表示する / Add a client; its secret is printed once."""
    key = _read_public_jwk(public_jwk)
    secret = new_secret() if key is None else None
    new = Client(
        id=new_id(client_id or f"{agency}.system"),
        agency_id=agency,
        name=name,
        seats=tuple(seat),
        secret_hash=hash_secret(secret) if secret else None,
        public_jwk=key,
        dpop_required=bool(dpop),
    )
    administer(lambda admin: admin.add_client(new, now()))
    typer.echo(new.id)
    if secret:
        typer.echo(SHOWN_ONCE.format(secret))


@client.command("change")
def change_client(
    client_id: Id,
    name: Name = None,
    secret: Annotated[
        bool, typer.Option("--new-secret", help="秘密を作り直す / make another secret")
    ] = False,
    public_jwk: Jwk = None,
    dpop: Dpop = None,
) -> None:
    """名称・秘密・公開鍵を変える / Change name, secret or key. 前の秘密は直ちに無効 / at once."""
    replacement = new_secret() if secret else None
    secret_hash = hash_secret(replacement) if replacement else None
    key = _read_public_jwk(public_jwk)

    async def change(admin: Administration) -> None:
        await admin.change_client(client_id, name, secret_hash, key)
        if dpop is not None:
            await admin.require_dpop(client_id, dpop)

    administer(change)
    if replacement:
        typer.echo(SHOWN_ONCE.format(replacement))


@client.command("link")
def link_client(
    client_id: Id,
    seats: Annotated[list[str], typer.Argument(metavar="SEAT…", help="席 / seats, in order")],
) -> None:
    """代表できる席を、この順のこれだけにする / Let it speak for these seats only, in this order."""
    administer(lambda admin: admin.link(client_id, seats))


@client.command("disable")
def disable_client(client_id: Id) -> None:
    """接続システムを停止する / Switch a client off: it gets no token any more."""
    administer(lambda admin: admin.disable(Client, client_id, now()))


@client.command("enable")
def enable_client(client_id: Id) -> None:
    """停止を解く / Switch it on again."""
    administer(lambda admin: admin.disable(Client, client_id, None))


def _read_public_jwk(path: Path | None) -> Mapping[str, Any] | None:
    if path is None:
        return None
    try:
        key = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_refuse_repeats)
        if not isinstance(key, dict):
            raise ValueError("it is not a JSON object")
        return public_key(key).jwk()
    except (ValueError, RecursionError) as error:
        reason = "it is not JSON" if isinstance(error, _UNREADABLE) else str(error)
        raise typer.BadParameter(
            f"P-256 の公開鍵の JWK ではありません / not a public JWK of P-256: {reason}"
        ) from None


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name stands in it twice")
    return members
