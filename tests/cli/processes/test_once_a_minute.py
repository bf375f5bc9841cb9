"""What anybody can make the service warn of does not fill its log."""

import logging
from collections.abc import Iterator

import pytest

from app.cli.processes.once_a_minute import PAUSE, warn_once_a_minute
from tests.cli.processes.test_http_limits import Time, connect
from tests.support.service import Running


class Keep(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def kept() -> Iterator[list[str]]:
    """The lines of uvicorn's log."""
    handler, log = Keep(), logging.getLogger("uvicorn.error")
    log.addHandler(handler)
    yield handler.lines
    log.removeHandler(handler)


def test_one_warning_a_minute_is_logged_with_the_number_of_the_others(kept: list[str]) -> None:
    clock = Time()
    logger = warn_once_a_minute("uvicorn.error", clock)
    for _ in range(5):
        logger.warning("No %s.", "request")
    logger.error("Broken.")
    clock.now += PAUSE
    logger.warning("No %s.", "request")
    logger.warning("No %s.", "request")
    assert kept == ["No request.", "Broken.", "No request. 4 more since the last line."]


async def test_bytes_that_are_no_request_are_counted_and_not_all_logged(
    listening: Running, kept: list[str]
) -> None:
    before = _count_ended(listening)
    for sent in (b"\0\r\n\r\n", b"GET\r\n\r\n", b"G T / HTTP/1.1\r\n\r\n") * 4:
        reader, writer = await connect(listening.url)
        writer.write(sent)
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        writer.close()
    assert _count_ended(listening) == before + 12
    assert sum("Invalid HTTP" in line for line in kept) <= 1


def _count_ended(running: Running) -> float:
    """How many connections were ended for what was no HTTP."""
    value = running.app.state.meters.registry.get_sample_value(
        "tsunagu_connections_ended_total", {"reason": "syntax"}
    )
    return float(value or 0)
