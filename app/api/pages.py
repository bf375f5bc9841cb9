"""Pages for people: documentation, problems and printed sheets, all from this service alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.staticfiles import StaticFiles

from app.api.problem_kinds import KINDS
from app.domain.errors import NotFound

HERE = Path(__file__).parent
HTML = "text/html; charset=utf-8"

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none';"
    " base-uri 'none'; form-action 'none'"
)
"""A page of ours loads its style and its icon from here, and runs nothing."""
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self' data:; connect-src 'self'; worker-src blob:; frame-ancestors 'none';"
    " base-uri 'none'; form-action 'self'"
)
"""Swagger UI and ReDoc write style elements of their own; nothing comes from elsewhere."""

_TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined
)

router = APIRouter(tags=["service"])

HTML_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "人が読む頁",
        "content": {
            "text/html": {
                "schema": {"type": "string"},
                "example": '<!doctype html><html lang="ja">…</html>',
            }
        },
    }
}


def install(app: FastAPI) -> None:
    """Serve the files that the pages need: ours, and those of Swagger UI and ReDoc."""
    files = StaticFiles(directory=HERE / "assets", packages=[("fastapi_offline", "static")])
    app.mount("/assets", files, name="assets")


def page(
    template: str, values: Mapping[str, Any], policy: str = PAGE_POLICY, kept: bool = True
) -> Response:
    """A page from a template. `kept` is false for what is personal."""
    content = rendered(template, values)
    kept_for = "public, max-age=300" if kept else "no-store"
    headers = {"Content-Security-Policy": policy, "Cache-Control": kept_for}
    return Response(content, headers=headers, media_type=HTML)


def rendered(template: str, values: Mapping[str, Any]) -> str:
    """The text of a page from a template."""
    return _TEMPLATES.get_template(template).render(values)


@router.get("/docs", include_in_schema=False)
async def read_docs() -> Response:
    """Swagger UI."""
    return page("docs.html", {}, DOCS_POLICY)


@router.get("/redoc", include_in_schema=False)
async def read_redoc() -> Response:
    """ReDoc."""
    return page("redoc.html", {}, DOCS_POLICY)


@router.get("/favicon.ico", include_in_schema=False)
async def read_icon() -> Response:
    """The icon, where browsers look for it unasked."""
    content = (HERE / "assets" / "favicon.svg").read_bytes()
    return Response(content, media_type="image/svg+xml")


@router.get(
    "/problems",
    operation_id="list_problems",
    summary="問題の一覧を見る",
    responses=HTML_ANSWER,
    response_class=Response,
    openapi_extra={"security": []},
)
async def list_problems() -> Response:
    """このサービスが答えうる全ての問題を、日本語と英語で示す(HTML)。"""
    return page("problems.html", {"kinds": KINDS, "code": None})


@router.get(
    "/problems/{code}",
    operation_id="read_problem",
    summary="問題の説明を見る",
    responses=HTML_ANSWER,
    response_class=Response,
    openapi_extra={"security": []},
)
async def read_problem(code: str) -> Response:
    """問題一つの意味と、どうすればよいかを、日本語と英語で示す(HTML)。"""
    if code not in KINDS:
        raise NotFound
    return page("problems.html", {"kinds": KINDS, "code": code})
