"""Pages: from templates, which load nothing from other servers; and those that never change."""

import asyncio
import gzip
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Generic, TypeVar

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.api.wire.documented import both
from app.api.wire.responses import matches

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


K = TypeVar("K")

CACHED = "public, max-age=300"
MADE_FOR_ALL = "made_for_all"
"""In the state of a request: the seconds for which it waited for a page that was being made."""
SMALLEST = 1_000
"""Bytes below which compression saves nothing."""
_GZIP = re.compile(r"(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?(?:,|$)", re.I)


def personal_page(template: str, values: Mapping[str, Any]) -> Response:
    """A page from a template that tells of a person: no cache keeps it."""
    headers = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store"}
    return Response(render(template, values), headers=headers, media_type=HTML)


def render(template: str, values: Mapping[str, Any]) -> str:
    """The text of a page from a template."""
    return _TEMPLATES.get_template(template).render(values)


@dataclass(frozen=True, slots=True)
class StaticPage:
    """An answer that does not change while the process runs."""

    content: bytes
    compressed: bytes | None
    media_type: str
    tag: str
    """A strong entity tag; that of the compressed form ends otherwise."""

    @classmethod
    def of(cls, content: bytes, media_type: str) -> "StaticPage":
        """The page with this content. Compressing it takes a while: not to be called in a loop."""
        compressed = gzip.compress(content, 9, mtime=0) if len(content) >= SMALLEST else None
        return cls(content, compressed, media_type, hashlib.sha256(content).hexdigest()[:32])

    def answer(self, request: Request, headers: Mapping[str, str] | None = None) -> Response:
        """The page, or 304 if the caller has it already."""
        given = dict(headers or {})
        vary = ", ".join(filter(None, (given.get("Vary"), "Accept-Encoding")))
        encoded = self.compressed if _takes_gzip(request) else None
        tag = f'"{self.tag}-gzip"' if encoded else f'"{self.tag}"'
        all_headers = {"Cache-Control": CACHED, **given, "ETag": tag, "Vary": vary}
        if matches(request, f'"{self.tag}"') or matches(request, f'"{self.tag}-gzip"'):
            return Response(status_code=304, headers=all_headers)
        if encoded:
            all_headers["Content-Encoding"] = "gzip"
        return Response(encoded or self.content, headers=all_headers, media_type=self.media_type)


class MadeOnce(Generic[K]):
    """Static pages by key. Each is made when it is first asked for: once, and in a thread."""

    def __init__(self, make: Callable[[K], StaticPage]) -> None:
        self._make = make
        self._made: dict[K, StaticPage] = {}
        self._one_at_a_time = Lock()
        self._making: dict[K, asyncio.Task[StaticPage]] = {}

    def now(self, key: K) -> StaticPage:
        """The page; to be called outside of an event loop."""
        with self._one_at_a_time:
            if key not in self._made:
                self._made[key] = self._make(key)
            return self._made[key]

    async def page(self, key: K, request: Request) -> StaticPage:
        """The page. Making it is no work for whoever asks first, or meanwhile."""
        made = self._made.get(key)
        if made is not None:
            return made
        began = time.perf_counter()
        made = await self._make_once(key)
        request.scope["state"][MADE_FOR_ALL] = time.perf_counter() - began
        return made

    async def _make_once(self, key: K) -> StaticPage:
        # All who ask meanwhile wait for one thread: a thread for each would leave none for others.
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.create_task(asyncio.to_thread(self.now, key))
            task.add_done_callback(lambda _: self._making.pop(key, None))
        return await asyncio.shield(task)


def _takes_gzip(request: Request) -> bool:
    match = _GZIP.search(request.headers.get("accept-encoding", "")[:200])
    return match is not None and float(match[1] or 1) > 0
