"""Routes of seats and clients."""

from app.adapters.administration.by_agency import AgencyAdministration
from app.api.administration import routes

ROUTERS = (routes.router,)
NEEDS = (AgencyAdministration,)
