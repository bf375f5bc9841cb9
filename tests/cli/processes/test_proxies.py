"""Behind a proxy that was not named, all callers are one; whoever runs the service is told."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.service import Running, Service, serve_in_thread

CALLER = {"X-Forwarded-For": "203.0.113.77"}


@pytest.fixture
def named(service: Service) -> Iterator[Running]:
    """A server whose proxy is named."""
    settings = service.settings.model_copy(update={"trusted_proxies": "127.0.0.0/8"})
    with serve_in_thread(settings, service.clock) as running:
        yield running


@pytest.mark.parametrize("headers", [CALLER, {"Forwarded": "for=203.0.113.77"}])
async def test_a_header_from_an_unnamed_address_is_told_once_and_names_nobody(
    service: Service, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with serve_in_thread(service.settings, service.clock) as running, caplog.at_level("WARNING"):
        client = httpx.AsyncClient(base_url=running.url)
        assert (await client.get("/readyz")).json()["warnings"] == []
        for _ in range(5):
            await client.get("/healthz", headers=headers)
        ready = await client.get("/readyz")
        await client.aclose()
    assert (ready.status_code, ready.json()["warnings"]) == (200, ["unnamed_proxy"])
    assert caplog.text.count("TSUNAGU_TRUSTED_PROXIES") == 1
    assert "203.0.113.77" not in caplog.text + ready.text


async def test_a_named_proxy_is_believed_unless_it_speaks_in_a_header_that_is_not_read(
    named: Running,
) -> None:
    async with httpx.AsyncClient(base_url=named.url) as client:
        await client.get("/healthz", headers=CALLER)
        assert (await client.get("/readyz", headers=CALLER)).json()["warnings"] == []
        await client.get("/healthz", headers={"Forwarded": "for=203.0.113.77"})
        assert (await client.get("/readyz", headers=CALLER)).json()["warnings"] == ["unnamed_proxy"]
