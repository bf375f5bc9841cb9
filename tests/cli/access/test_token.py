"""`tsunagu token`, typed at a service that runs."""

import asyncio

from typer.testing import CliRunner, Result

from app.cli import cli
from tests.support.service import Running, Service

CLIENT = "center-13.viewer-system"


async def typed(*words: str, **given: str) -> Result:
    return await asyncio.to_thread(lambda: CliRunner().invoke(cli, ["token", *words], env=given))


async def test_a_token_is_printed_and_nothing_else(service: Service, listening: Running) -> None:
    await service.token("center-13", "viewer")
    secret = service.secrets[CLIENT]
    words = ("--client", CLIENT, "--url", listening.url)

    asked = await typed(*words, TSUNAGU_CLIENT_SECRET=secret)
    named = await typed(*words, "--secret", secret, "--scope", "inbox:read")
    wrong = await typed(*words, "--secret", "wrong")

    for answer in (asked, named):
        assert answer.exit_code == 0
        async with service.client(answer.stdout.strip()) as client:
            assert (await client.get("/v1/inbox")).status_code == 200
    assert wrong.exit_code == 1
