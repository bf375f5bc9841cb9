"""What Prometheus reads: figures, and nothing that tells of anybody."""

from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from httpx import ASGITransport, AsyncClient
from prometheus_client.parser import text_string_to_metric_families

from app.adapters.keys.checkpoint_keys import CheckpointKeys
from app.adapters.keys.folder import KeyFolder
from app.adapters.log.sealer import Sealer
from app.adapters.service import figures
from app.domain.erasure.clock import Rule
from app.main import create_app
from tests.support.service import OPERATOR, Service, Speak


async def samples(client: AsyncClient) -> dict[tuple[str, ...], float]:
    """Values by name and labels, as Prometheus understands them."""
    answer = await client.get("/metrics", headers=OPERATOR)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (s.name, *sorted(s.labels.values())): s.value
        for family in text_string_to_metric_families(answer.text)
        for s in family.samples
    }


async def seal(service: Service) -> None:
    """Seal what waits, as the worker does."""
    name = service.settings.log_name
    keys = CheckpointKeys(KeyFolder(service.settings.data_dir / "keys"), name)
    async with asyncpg.create_pool(service.urls.worker, min_size=0, max_size=2) as pool:
        while await Sealer(pool, keys, name, service.clock).seal():
            pass


async def test_calls_are_counted_by_operation_and_status(
    speak: Speak, stranger: AsyncClient, opening: Callable[..., dict[str, Any]]
) -> None:
    prison, office = await speak("prison-fuchu"), await speak("probation-13")
    before = await samples(stranger)
    message = opening()
    await prison.post("/v1/referrals", json=message)
    await prison.post("/v1/referrals", json={**message, "urgency": "wrong"})
    await office.get("/v1/inbox")
    await office.get("/v1/inbox", params={"wait": 1})
    after = await samples(stranger)

    def more(operation: str, status: str) -> float:
        key = ("tsunagu_request_seconds_count", *sorted((operation, status)))
        return after.get(key, 0) - before.get(key, 0)

    assert more("open_referral", "2xx") == 1
    assert more("open_referral", "4xx") == 1
    assert more("read_inbox", "2xx") == 1
    assert more("wait_for_inbox", "2xx") == 1


async def test_what_waits_and_what_became_of_attempts_is_told_and_of_nobody(
    speak: Speak,
    stranger: AsyncClient,
    tables: asyncpg.Pool,
    opening: Callable[..., dict[str, Any]],
) -> None:
    office = await speak("probation-13")
    url = "https://93.184.215.14/"
    hook = (await office.post("/v1/webhooks", json={"url": url})).json()
    await tables.execute("DELETE FROM notice; UPDATE webhook SET challenge = NULL")
    await (await speak("prison-fuchu")).post("/v1/referrals", json=(message := opening()))
    await tables.execute("INSERT INTO attempt_total VALUES ('refused', 7)")
    await tables.execute("UPDATE notice SET created_at = created_at - interval '90 s'")
    metrics = await samples(stranger)
    assert metrics["tsunagu_database_up",] == 1
    assert metrics["tsunagu_notices_pending",] == metrics["tsunagu_notices_due",] == 1
    assert 90 <= metrics["tsunagu_oldest_notice_seconds",] < 120
    assert metrics["tsunagu_attempts_total", "refused"] == 7
    assert metrics["tsunagu_webhooks", "active"] == 1
    text = (await stranger.get("/metrics", headers=OPERATOR)).text
    for word in (message["id"], hook["id"], url, "probation-13", "prison-fuchu", "93.184"):
        assert word not in text
    await tables.execute("UPDATE notice SET due_at = due_at - interval '90 s'")
    ready = await stranger.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    assert "deliveries" in ready.json()["behind"]
    await tables.execute("DELETE FROM notice; DELETE FROM webhook; DELETE FROM attempt_total")


async def test_metrics_are_not_there_without_a_token_of_the_operators(service: Service) -> None:
    settings = service.settings.model_copy(update={"metrics_token": None})
    app = create_app(settings, service.clock)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="https://tsunagu.test") as client,
    ):
        for headers in (
            {},
            OPERATOR,
            {"Authorization": "Bearer None"},
            {"Authorization": "Bearer "},
        ):
            assert (await client.get("/metrics", headers=headers)).status_code == 404


async def test_metrics_tell_neither_of_erasures_by_rule_nor_how_many_entries_the_log_has(
    service: Service,
    stranger: AsyncClient,
    speak: Speak,
    opening: Callable[..., dict[str, Any]],
    tables: asyncpg.Pool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(figures, "KEPT", 0.0)
    await tables.execute("INSERT INTO erasure_total VALUES ('refused', 3) ON CONFLICT DO NOTHING")
    before = await samples(stranger)
    prison = await speak("prison-fuchu")
    assert (await prison.post("/v1/referrals", json=opening())).status_code == 201
    await seal(service)
    after = await samples(stranger)
    size = await tables.fetchval("SELECT hashed FROM log_tree")
    assert size > 0
    assert after["tsunagu_log_sealed",] == size // 1_000 * 1_000
    labels = {label for name in after for label in name[1:]}
    assert labels.isdisjoint({rule.value for rule in Rule} | {"refused"})
    for metrics in (before, after):
        assert metrics["tsunagu_log_sealed",] % 1_000 == 0
        assert metrics["tsunagu_erasures_late",] in {0, 1}
