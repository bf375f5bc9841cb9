"""Routes of acts that take two seats."""

from app.adapters.acts.acts import Acts
from app.api.acts import routes

ROUTERS = (routes.router,)
NEEDS = (Acts,)
