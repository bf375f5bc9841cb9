"""What `tsunagu run` prints once everything runs."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from app.cli.story.demo_clients import FILE, DemoClient
from app.settings import Settings

READ_TOKEN = "import json,sys; print(json.load(sys.stdin)['access_token'])"  # noqa: S105 - code

PRINT_FROM_FILE = (
    "import json,sys; file, client = sys.argv[1:];"
    " print(next(c['secret'] for c in json.load(open(file)) if c['client_id'] == client))"
)


def welcome(settings: Settings, clients: Sequence[DemoClient]) -> None:
    """Print where the service listens, where its docs are, and how to make a first call."""
    lines = [
        "",
        f"Tsunagu (つなぐ) listens on {settings.url}",
        f"  docs      {settings.url}/docs   {settings.url}/redoc",
        f"  contract  {settings.url}/openapi.json",
    ]
    if clients:
        lines += _credentials(settings, clients)
    print("\n".join([*lines, "", "Ctrl-C stops it, PostgreSQL too."]), flush=True)


def _credentials(settings: Settings, clients: Sequence[DemoClient]) -> list[str]:
    width = max(len(client.client_id) for client in clients)
    return [
        "",
        f"Demo clients, whose secrets are in {settings.data_dir / FILE} with all seats:",
        *(f"  {client.client_id:<{width}}  {client.seats[0].id}" for client in clients),
        "",
        f"The story, from another terminal: make demo URL={settings.url}",
        "",
        "A first call, to be pasted:",
        f"  {first_call(settings.url, settings.data_dir / FILE, clients[0])}",
    ]


def first_call(url: str, file: Path, client: DemoClient) -> str:
    """A shell line that gets a token and asks `/v1/me` with it.

    It reads the secret from the file: what is printed ends up in logs and histories.
    """
    secret = (
        f"python3 -c {shlex.quote(PRINT_FROM_FILE)} {shlex.quote(str(file))} {client.client_id}"
    )
    token = (
        f'curl -s -u "{client.client_id}:$({secret})"'
        f" -d grant_type=client_credentials -d seat={client.seats[0].id} {url}/oauth/token"
        f' | python3 -c "{READ_TOKEN}"'
    )
    return f'curl -s -H "Authorization: Bearer $({token})" {url}/v1/me'
