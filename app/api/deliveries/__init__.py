"""Routes of deliveries and recalls."""

from app.adapters.deliveries.deliveries import Deliveries
from app.adapters.deliveries.recall_requests import RecallRequests
from app.adapters.deliveries.recalls import Recalls
from app.api.deliveries import recalls, routes

ROUTERS = (routes.router, recalls.router)
NEEDS = (Deliveries, RecallRequests, Recalls)
