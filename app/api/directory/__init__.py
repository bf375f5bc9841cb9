"""Routes of the directory."""

from app.api.directory import routes

ROUTERS = (routes.router,)
NEEDS = ()
