"""`tsunagu token`: get an access token for curl, or revoke tokens in an emergency."""

import sys
from typing import Annotated

import httpx
import typer

from app.cli.administration.session import administer, now
from app.domain.administration.seats import Client, Seat
from app.domain.directory.agencies import Agency
from app.settings import Settings

token = typer.Typer(help="トークンを取得する・失効させる / get a token, or end tokens")

ClientId = Annotated[str, typer.Option("--client", help="システムの識別子 / the client's id")]
Secret = Annotated[
    str,
    typer.Option(
        "--secret",
        envvar="TSUNAGU_CLIENT_SECRET",
        help="秘密。環境変数か入力がよい / its secret; better in the environment, or typed in",
    ),
]
SeatId = Annotated[
    str, typer.Option("--seat", help="席。省けば最初の席 / the seat; by default the first")
]
Scope = Annotated[
    str, typer.Option("--scope", help="絞り込む範囲(空白区切り) / only these scopes, with spaces")
]
Url = Annotated[str, typer.Option("--url", help="サービスの URL / the service; by default here")]


@token.callback(invoke_without_command=True)
def get_token(
    context: typer.Context,
    client: ClientId = "",
    secret: Secret = "",
    seat: SeatId = "",
    scope: Scope = "",
    url: Url = "",
) -> None:
    """トークンを取得して表示する / Print an access token, and nothing else."""
    if context.invoked_subcommand is not None:
        return
    if not client:
        raise typer.BadParameter("--client")
    secret = secret or typer.prompt("Secret", hide_input=True, err=True)
    base = (url or Settings().url).rstrip("/")
    form = {"grant_type": "client_credentials", "seat": seat, "scope": scope}
    try:
        answer = httpx.post(f"{base}/oauth/token", data=form, auth=(client, secret))
        body = answer.json()
    except (httpx.HTTPError, ValueError):
        sys.exit(f"No token endpoint answers at {base}.")
    if answer.status_code != 200:
        sys.exit(f"{body.get('error')}: {body.get('error_description')}")
    print(body["access_token"])


@token.command("revoke")
def revoke_tokens(
    client: Annotated[str, typer.Option(help="接続システム / of this client")] = "",
    seat: Annotated[str, typer.Option(help="席 / of this seat")] = "",
    agency: Annotated[str, typer.Option(help="機関 / of this agency")] = "",
) -> None:
    """これまでに発行したトークンを全て失効させる / End every token issued so far.

    新しいトークンは取得できる。止めるには disable / New ones can be had; to stop that, disable it.
    """
    chosen = [(kind, its_id) for kind, its_id in _ids_by_kind(client, seat, agency) if its_id]
    if len(chosen) != 1:
        raise typer.BadParameter("--client, --seat, --agency のどれか一つ / one of the three")
    ((what, its_id),) = chosen
    administer(lambda admin: admin.stop_tokens(what, its_id, now()))


def _ids_by_kind(
    client: str, seat: str, agency: str
) -> list[tuple[type[Agency | Seat | Client], str]]:
    return [(Client, client), (Seat, seat), (Agency, agency)]
