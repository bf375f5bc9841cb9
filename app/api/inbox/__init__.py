"""Routes of the inbox."""

from app.adapters.inbox.inboxes import Inboxes
from app.api.inbox import routes
from app.api.inbox.routes import LongestWait
from app.api.wire.dependencies import Shutdown

ROUTERS = (routes.router,)
NEEDS = (LongestWait, Inboxes, Shutdown)
