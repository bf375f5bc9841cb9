"""Routes of the flows: tables, schemas and diagrams."""

from app.api.flows import routes

ROUTERS = (routes.router,)
NEEDS = ()
