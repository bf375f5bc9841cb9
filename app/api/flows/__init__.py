"""Routes of the flows: tables, schemas, pages and diagrams."""

from app.api.flows import routes

ROUTERS = (routes.router,)
NEEDS = ()
