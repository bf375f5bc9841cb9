"""`tsunagu token`: an access token for the next curl."""

import sys
from typing import Annotated

import httpx
import typer

from app.settings import Settings

ClientId = Annotated[str, typer.Option("--client", help="The client's id.")]
Secret = Annotated[
    str,
    typer.Option(
        "--secret",
        envvar="TSUNAGU_CLIENT_SECRET",
        prompt=True,
        hide_input=True,
        help="Its secret. In the environment or typed in, it stays out of the process list.",
    ),
]
Seat = Annotated[str, typer.Option("--seat", help="The seat; the client's first by default.")]
Scope = Annotated[str, typer.Option("--scope", help="Scopes to narrow it to, with spaces.")]
Url = Annotated[str, typer.Option("--url", help="The service; this machine's by default.")]


def token(
    client: ClientId, secret: Secret, seat: Seat = "", scope: Scope = "", url: Url = ""
) -> None:
    """Print an access token, and nothing else."""
    base = (url or Settings().url).rstrip("/")
    form = {"grant_type": "client_credentials", "seat": seat, "scope": scope}
    try:
        answer = httpx.post(f"{base}/oauth/token", data=form, auth=(client, secret))
        said = answer.json()
    except (httpx.HTTPError, ValueError):
        sys.exit(f"No token endpoint answers at {base}.")
    if answer.status_code != 200:
        sys.exit(f"{said.get('error')}: {said.get('error_description')}")
    print(said["access_token"])
