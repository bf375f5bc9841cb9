"""Routes of what was erased."""

from app.adapters.acts.acts import Acts
from app.adapters.referrals.reading import Reading
from app.api.erasure import routes

ROUTERS = (routes.router,)
NEEDS = (Acts, Reading)
