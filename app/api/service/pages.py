"""HTML pages: the API documentation and the problems. They load nothing from other servers."""

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.staticfiles import StaticFiles

from app.api.wire.documented import documented
from app.api.wire.language import Language, language_of
from app.api.wire.pages import DOCS_POLICY, HERE, HTML_ANSWER, page
from app.api.wire.problems.kinds import KINDS
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
    return _documentation("docs.html", language_of(request))


@router.get("/redoc", include_in_schema=False)
async def read_redoc(request: Request) -> Response:
    """ReDoc."""
    return _documentation("redoc.html", language_of(request))


@router.get("/favicon.ico", include_in_schema=False)
async def read_icon() -> Response:
    """The icon, at the path where browsers look for it."""
    content = (HERE / "assets" / "favicon.svg").read_bytes()
    return Response(content, media_type="image/svg+xml")


@router.get(
    "/problems",
    response_class=Response,
    responses=HTML_ANSWER,
    **documented(
        "list_problems",
        Text("問題の一覧を見る", "See all problems"),
        "Shows every problem that this service may answer with, in Japanese and English (HTML).",
        public=True,
    ),
)
async def list_problems() -> Response:
    """このサービスが答えうる全ての問題を、日本語と英語で示す(HTML)。"""
    return page("problems.html", {"kinds": KINDS, "code": None})


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
        public=True,
    ),
)
async def read_problem(code: str) -> Response:
    """問題一つの意味と、どうすればよいかを、日本語と英語で示す(HTML)。"""
    if code not in KINDS:
        raise NotFound
    return page("problems.html", {"kinds": KINDS, "code": code})


def _documentation(template: str, language: Language) -> Response:
    """A page that shows the published contract in the caller's language."""
    values = {"language": language, "contract": f"/openapi.json?lang={language}"}
    answer = page(template, values, DOCS_POLICY)
    answer.headers.update({"Content-Language": language, "Vary": "Accept-Language"})
    return answer
