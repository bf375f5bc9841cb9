"""Routes of the log."""

from app.adapters.log.reading import Log
from app.api.log import routes
from app.api.wire.dependencies import PublishedLogKeys

ROUTERS = (routes.router,)
NEEDS = (Log, PublishedLogKeys)
