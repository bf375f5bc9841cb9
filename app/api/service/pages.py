"""HTML pages: the API documentation and the problems. They load nothing from other servers."""

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.staticfiles import StaticFiles

from app.api.wire.documented import documented
from app.api.wire.language import Language, language_of
from app.api.wire.pages import (
    DOCS_POLICY,
    HERE,
    HTML,
    HTML_ANSWER,
    PAGE_POLICY,
    MadeOnce,
    StaticPage,
    render,
)
from app.api.wire.problems.kinds import KINDS
from app.api.wire.problems.schema import members_of
from app.domain.errors import NotFound
from app.domain.text import Text

router = APIRouter(tags=["service"])


def install(app: FastAPI) -> None:
    """Serve the static files of our pages, of Swagger UI and of ReDoc."""
    files = StaticFiles(directory=HERE / "assets", packages=[("fastapi_offline", "static")])
    app.mount("/assets", files, name="assets")


@router.get("/docs", include_in_schema=False)
async def read_docs(request: Request) -> Response:
    """Swagger UI."""
    return await _documentation(request, "docs.html")


@router.get("/redoc", include_in_schema=False)
async def read_redoc(request: Request) -> Response:
    """ReDoc."""
    return await _documentation(request, "redoc.html")


@router.get("/favicon.ico", include_in_schema=False)
async def read_icon(request: Request) -> Response:
    """The icon, at the path where browsers look for it."""
    return (await _ICON.page(None, request)).answer(request)


@router.get(
    "/problems",
    response_class=Response,
    responses=HTML_ANSWER,
    **documented(
        "list_problems",
        Text("問題の一覧を見る", "See all problems"),
        "Shows every problem that this service may answer with, in Japanese and English (HTML).",
        conditional=True,
        public=True,
    ),
)
async def list_problems(request: Request) -> Response:
    """このサービスが答えうる全ての問題を、日本語と英語で示す(HTML)。"""
    return (await _PROBLEMS.page(None, request)).answer(request, _POLICY)


@router.get(
    "/problems/{code}",
    response_class=Response,
    responses=HTML_ANSWER,
    **documented(
        "read_problem",
        Text("問題の説明を見る", "See what a problem means"),
        "Shows what one problem means and what to do about it, in Japanese and English (HTML).",
        parameters={
            "code": Text(
                "問題の符号(`type` の `/problems/` より後ろ)",
                "The code of the problem: what stands after `/problems/` in its `type`",
            )
        },
        conditional=True,
        public=True,
    ),
)
async def read_problem(request: Request, code: str) -> Response:
    """問題一つの意味と、どうすればよいかを、日本語と英語で示す(HTML)。"""
    if code not in KINDS:
        raise NotFound
    return (await _PROBLEMS.page(code, request)).answer(request, _POLICY)


async def _documentation(request: Request, template: str) -> Response:
    """A page that shows the published contract in the caller's language."""
    language = language_of(request)
    headers = {"Content-Language": language, "Vary": "Accept-Language"}
    headers["Content-Security-Policy"] = DOCS_POLICY
    return (await _DOCUMENTATION.page((template, language), request)).answer(request, headers)


def _documentation_page(key: tuple[str, Language]) -> StaticPage:
    template, language = key
    # Links are relative: in front of the service a proxy may have added a prefix.
    values = {"language": language, "contract": f"openapi.json?lang={language}"}
    return StaticPage.of(render(template, values).encode(), HTML)


def _problems_page(code: str | None) -> StaticPage:
    members = members_of(KINDS[code]) if code else {}
    root = "" if code is None else "../"
    values = {"kinds": KINDS, "code": code, "root": root, "members": members}
    return StaticPage.of(render("problems.html", values).encode(), HTML)


def _icon(_: None) -> StaticPage:
    return StaticPage.of((HERE / "assets" / "favicon.svg").read_bytes(), "image/svg+xml")


_POLICY = {"Content-Security-Policy": PAGE_POLICY}
_DOCUMENTATION = MadeOnce(_documentation_page)
_PROBLEMS = MadeOnce(_problems_page)
_ICON = MadeOnce(_icon)
