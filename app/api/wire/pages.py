"""HTML pages from templates, all from this service alone."""

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
