"""Whether the process answers, and whether it can do its work."""

from fastapi import APIRouter, Request, Response

from app.api.answers import json_answer
from app.api.services import messaging

router = APIRouter(tags=["service"])


@router.get("/healthz", operation_id="read_health")
async def read_health() -> Response:
    """プロセスが応じることを示す。"""
    return json_answer({"status": "ok"})


@router.get("/readyz", operation_id="read_readiness")
async def read_readiness(request: Request) -> Response:
    """仕事ができる状態かを返す。"""
    amiss = await messaging(request).amiss()
    status = "unavailable" if amiss else "ok"
    return json_answer({"status": status, "amiss": amiss}, 503 if amiss else 200)
