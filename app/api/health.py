"""Whether the process answers, and whether it can do its work."""

from fastapi import APIRouter, Request, Response

from app.api.answers import json_answer
from app.api.services import messaging
from app.api.shapes import HealthOut, ReadinessOut

router = APIRouter(tags=["service"])


@router.get(
    "/healthz",
    operation_id="read_health",
    summary="応じるかを見る",
    response_model=HealthOut,
    response_description="応じている",
    openapi_extra={"security": []},
)
async def read_health() -> Response:
    """プロセスが応じることを示す。データベースは見ない。"""
    return json_answer({"status": "ok"})


@router.get(
    "/readyz",
    operation_id="read_readiness",
    summary="仕事ができるかを見る",
    response_model=ReadinessOut,
    response_description="できる",
    responses={503: {"model": ReadinessOut, "description": "できない。`amiss` がその部分"}},
    openapi_extra={"security": []},
)
async def read_readiness(request: Request) -> Response:
    """データベースに届き、表が最新の形で、鍵が読めるかを見る。"""
    amiss = await messaging(request).amiss()
    status = "unavailable" if amiss else "ok"
    return json_answer({"status": status, "amiss": amiss}, 503 if amiss else 200)
