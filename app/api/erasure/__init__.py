"""Routes of erasures and holds."""

from app.adapters.erasure.listing import Erasures
from app.adapters.erasure.requests import ErasureRequests
from app.api.erasure import routes

ROUTERS = (routes.router,)
NEEDS = (Erasures, ErasureRequests)
