"""Whose `X-Forwarded-For` is believed, and what is said of others who send one."""

from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.api.service.proxies import UnnamedProxies


class NamedProxies:
    """Takes the address of a caller from the header of a named proxy, and notes what it ignores."""

    def __init__(self, app: Any, named: str, unnamed: UnnamedProxies) -> None:
        """`named`: addresses and networks, with commas; `*` for any."""
        self._app = ProxyHeadersMiddleware(app, named)
        self._unnamed = unnamed

    def include(self, host: str) -> bool:
        """Whether this is the address of a named proxy."""
        return host in self._app.trusted_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or the lifespan."""
        if scope["type"] == "http" and self._is_ignored(scope):
            self._unnamed.note()
        app: Any = self._app
        await app(scope, receive, send)

    def _is_ignored(self, scope: Scope) -> bool:
        """Whether a header says who calls and is not believed."""
        names = {name for name, _ in scope["headers"]}
        client = scope["client"]
        if client is not None and self.include(client[0]):
            return b"forwarded" in names and b"x-forwarded-for" not in names
        return not names.isdisjoint({b"forwarded", b"x-forwarded-for"})
