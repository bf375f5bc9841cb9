"""Delivers webhooks, seals the log and fires deadlines, until told to stop."""

import asyncio
import signal

from app.settings import Settings


async def run(settings: Settings) -> None:  # noqa: ARG001 - nothing to do yet
    """Work until SIGTERM or SIGINT."""
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, told_to_stop.set)
    await told_to_stop.wait()
