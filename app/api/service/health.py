"""Routes for health checks: whether the process answers, and whether it is ready."""

from fastapi import APIRouter, Request, Response

from app.adapters.service.figures import Figures, ServiceFigures
from app.adapters.service.readiness import Readiness
from app.api.service.proxies import UnnamedProxies
from app.api.service.schemas import HealthOut, ReadinessOut
from app.api.wire.dependencies import dependency
from app.api.wire.documented import both, documented
from app.api.wire.responses import json_answer
from app.domain.text import Text

router = APIRouter(tags=["service"])

LATE = 60.0
"""Seconds after which a due notice or an unsealed log entry shows that no worker is running."""
UNSEALED = 10_000
"""The number of unsealed log entries that shows the same, whatever their age."""


@router.get(
    "/healthz",
    response_model=HealthOut,
    **documented(
        "read_health",
        Text("応じるかを見る", "See whether the service answers"),
        "Shows that the process answers. It does not look at the database.",
        Text("応じている", "It answers"),
        public=True,
    ),
)
async def read_health() -> Response:
    """プロセスが応じることを示す。データベースは見ない。"""
    return json_answer({"status": "ok"})


@router.get(
    "/readyz",
    response_model=ReadinessOut,
    responses={
        503: {
            "model": ReadinessOut,
            "description": both(
                "できない。`amiss` がその部分",
                "It cannot; `amiss` names the parts that do not work",
            ),
        }
    },
    **documented(
        "read_readiness",
        Text("仕事ができるかを見る", "See whether the service can work"),
        """Looks whether the database can be reached and takes writes, the tables are up to date,
        the clock agrees with the database's within two seconds, and the keys can be read. It is
        looked at most once a second.

        `behind` names what is late but does not keep the service from answering.""",
        Text("できる", "It can"),
        public=True,
    ),
)
async def read_readiness(request: Request) -> Response:
    """データベースに届いて書き込め、表が最新の形で、時計が2秒以内で合い、鍵が読めるかを見る。

    見るのは毎秒一度まで。

    `behind` は、遅れているが応答には差し支えないもの。
    """
    amiss = await dependency(request, Readiness).failing_parts()
    status = "unavailable" if amiss else "ok"
    figures = None if amiss else await dependency(request, Figures).recent()
    behind = [] if figures is None else _behind(figures)
    proxies: UnnamedProxies = request.app.state.unnamed_proxies
    warnings = ["unnamed_proxy"] if proxies.seen_lately() else []
    warnings += [] if figures is None else figures.overwriting.obstacles
    answer = {"status": status, "amiss": amiss, "behind": behind, "warnings": warnings}
    return json_answer(answer, 503 if amiss else 200)


def _behind(figures: ServiceFigures) -> list[str]:
    """The tasks that are late. Messages can still be sent and read, so the service is ready."""
    unsealed = figures.unsealed > UNSEALED or figures.oldest_unsealed > LATE
    late = {
        "deliveries": figures.late > LATE,
        "log": unsealed,
        "erasures": figures.erasing.late,
        "overwriting": figures.overwriting.late,
    }
    return [name for name, holds in late.items() if holds]
