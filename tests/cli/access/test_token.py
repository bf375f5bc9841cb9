"""`tsunagu token`, typed at a service that runs."""

import asyncio

from typer.testing import CliRunner, Result

from tests.support.command_line import cli
from tests.support.service import Running, Service

CLIENT = "center-13.viewer-system"


async def run_token_command(*words: str, **environment: str) -> Result:
    return await asyncio.to_thread(
        lambda: CliRunner().invoke(cli, ["token", *words], env=environment)
    )


async def test_a_token_is_printed_and_nothing_else(service: Service, listening: Running) -> None:
    await service.token("center-13", "viewer")
    secret = service.secrets[CLIENT]
    words = ("--client", CLIENT, "--url", listening.url)

    whole = await run_token_command(*words, TSUNAGU_CLIENT_SECRET=secret)
    narrowed = await run_token_command(*words, "--secret", secret, "--scope", "inbox:read")
    refused = await run_token_command(*words, "--secret", "wrong")

    for answer in (whole, narrowed):
        assert answer.exit_code == 0
        async with service.client(answer.stdout.strip()) as client:
            assert (await client.get("/v1/inbox")).status_code == 200
    assert refused.exit_code == 1
