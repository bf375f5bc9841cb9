"""Routes of erasures and holds."""

from app.adapters.erasure.listing import Erasures
from app.api.erasure import routes

ROUTERS = (routes.router,)
NEEDS = (Erasures,)
