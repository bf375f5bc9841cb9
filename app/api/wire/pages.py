"""HTML pages from templates. They load nothing from other servers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.api.wire.documented import both

HERE = Path(__file__).parents[1]


HTML = "text/html; charset=utf-8"


PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none';"
    " base-uri 'none'; form-action 'none'"
)
"""Our pages load their style and icon from this server and run no script."""


DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self' data:; connect-src 'self'; worker-src blob:; frame-ancestors 'none';"
    " base-uri 'none'; form-action 'self'"
)
"""Swagger UI and ReDoc write inline styles; everything is loaded from this server."""


_TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined
)


HTML_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": both("人が読む頁", "A page for people to read"),
        "content": {
            "text/html": {
                "schema": {"type": "string"},
                "example": '<!doctype html><html lang="ja">…</html>',
            }
        },
    }
}


def page(
    template: str, values: Mapping[str, Any], policy: str = PAGE_POLICY, personal: bool = False
) -> Response:
    """A page from a template. A cache keeps none that is `personal`."""
    content = render(template, values)
    cache_control = "no-store" if personal else "public, max-age=300"
    headers = {"Content-Security-Policy": policy, "Cache-Control": cache_control}
    return Response(content, headers=headers, media_type=HTML)


def render(template: str, values: Mapping[str, Any]) -> str:
    """The text of a page from a template."""
    return _TEMPLATES.get_template(template).render(values)
