"""Routes of consents and return requests."""

from app.adapters.consents.listing import Consents
from app.adapters.consents.return_requests import ReturnRequests
from app.api.consents import return_requests, routes

ROUTERS = (routes.router, return_requests.router)
NEEDS = (Consents, ReturnRequests)
