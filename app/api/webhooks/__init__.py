"""Routes of webhooks."""

from app.adapters.webhooks.webhooks import Webhooks
from app.api.webhooks import routes

ROUTERS = (routes.router,)
NEEDS = (Webhooks,)
