"""Routes of what was erased."""

from app.adapters.erasure.listing import Erasures
from app.api.erasure import routes

ROUTERS = (routes.router,)
NEEDS = (Erasures,)
