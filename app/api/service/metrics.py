"""Metrics for Prometheus: the duration of calls, the work that is due, the outcome of attempts.

Labels never hold an agency, an id or a value that was sent.
"""

import hmac
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from starlette.types import Scope

from app.adapters.service.figures import ErasureFigures, Figures, ServiceFigures
from app.api.wire.dependencies import dependency
from app.api.wire.rates import Rates
from app.domain.errors import NotAuthenticated, NotFound

router = APIRouter(tags=["service"])

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Seconds."""
COARSE = 1_000
"""Entries: fewer are not told apart."""
SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The variable with the folder in which the processes of one service share their metrics."""


@dataclass(frozen=True, slots=True)
class MetricsToken:
    """The token that `/metrics` requires. Without one it is not there for anybody."""

    secret: str | None = field(repr=False)


class Meters:
    """Counts calls by operation, status and duration, for one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "tsunagu_request_seconds",
            "How long calls took, by operation; a poll that waits is `wait_for_inbox`.",
            ("operation", "status"),
            registry=self.registry,
            buckets=BUCKETS,
        )

        self._connections = Gauge(
            "tsunagu_connections",
            "Open connections.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._ended = Counter(
            "tsunagu_connections_ended",
            "Connections that were ended: too many (`address`, `all`), too slow (`head`, `body`,"
            " `read`), no request (`syntax`), or refused with as much under way as may be"
            " (`busy`).",
            ("reason",),
            registry=self.registry,
        )

    def show_connections(self, count: int) -> None:
        """Record how many connections are open."""
        self._connections.set(count)

    def count_ended_connection(self, reason: str) -> None:
        """Record that a connection was ended, and why."""
        self._ended.labels(reason).inc()

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Record a call that was answered."""
        self._seconds.labels(_operation(scope), f"{status // 100}xx").observe(seconds)

    def text(self, figures: ServiceFigures | None) -> bytes:
        """All metrics in Prometheus's text format; without `figures`, those of calls only."""
        registry = self.registry
        if SHARED in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # it has no types
        every = CollectorRegistry()
        every.register(_Figures(figures))
        return generate_latest(registry) + generate_latest(every)


class _Figures(Collector):
    def __init__(self, figures: ServiceFigures | None) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """The figures of the database."""
        yield _gauge(
            "tsunagu_database_up", "Whether the database answers.", self._figures is not None
        )
        if self._figures is not None:
            yield from _families(self._figures)


@router.get("/metrics", include_in_schema=False)
async def read_metrics(request: Request) -> Response:
    """Metrics, without personal data, for whoever has the operator's token.

    Raises:
        NotFound: the operator has set no token.
        NotAuthenticated: it was not sent.
    """
    _check_token(request, dependency(request, MetricsToken).secret)
    request.state.is_operator = True
    meters: Meters = request.app.state.meters
    figures = await dependency(request, Figures).recent()
    return Response(meters.text(figures), media_type=MEDIA_TYPE)


def _check_token(request: Request, wanted: str | None) -> None:
    if wanted is None:
        raise NotFound
    authorization = request.headers.get("authorization", "").encode()
    if not hmac.compare_digest(authorization, f"Bearer {wanted}".encode()):
        dependency(request, Rates).count_unauthenticated(request)
        raise NotAuthenticated


def _families(figures: ServiceFigures) -> Iterator[Metric]:
    yield _gauge("tsunagu_notices_pending", "Notices that have not arrived.", figures.pending)
    yield _gauge("tsunagu_notices_due", "Those whose next attempt is due.", figures.due)
    yield _gauge("tsunagu_oldest_notice_seconds", "Age of the oldest of them.", figures.oldest)
    yield _gauge(
        "tsunagu_notice_late_seconds",
        "For how long a notice for a healthy endpoint has been due.",
        figures.late,
    )
    yield _gauge("tsunagu_webhooks_failing", "Active endpoints that are failing.", figures.failing)
    yield _gauge("tsunagu_log_unsealed", "Entries of the log not in the tree.", figures.unsealed)
    yield _gauge(
        "tsunagu_log_oldest_unsealed_seconds", "Age of the oldest of them.", figures.oldest_unsealed
    )
    yield _gauge(
        "tsunagu_log_sealed",
        "Entries of the log in the tree, in whole thousands.",
        figures.sealed // COARSE * COARSE,
    )
    webhooks = GaugeMetricFamily("tsunagu_webhooks", "Endpoints, by state.", labels=["state"])
    for state, count in sorted(figures.webhooks.items()):
        webhooks.add_metric([state], count)
    yield webhooks
    attempts = CounterMetricFamily(
        "tsunagu_attempts", "Attempts to deliver, by outcome.", labels=["outcome"]
    )
    for outcome, count in sorted(figures.attempts.items()):
        attempts.add_metric([outcome], count)
    yield attempts
    yield from _erasures(figures.erasing)


def _erasures(figures: ErasureFigures) -> Iterator[Metric]:
    # Not how many were erased, and not by which rule: the minute in which that grows would tell
    # of a refusal or of an acquittal.
    yield _gauge(
        "tsunagu_erasures_late", "Whether an erasure has been due for a day.", figures.late
    )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _operation(scope: Scope) -> str:
    name = getattr(scope.get("route"), "operation_id", None) or "none"
    waits = name == "read_inbox" and b"wait=" in scope["query_string"]
    return "wait_for_inbox" if waits else str(name)
