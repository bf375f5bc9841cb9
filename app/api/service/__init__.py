"""Routes of health, metrics and pages for people."""

from app.adapters.service.figures import Figures
from app.adapters.service.readiness import Readiness
from app.api.service import health, metrics, pages
from app.api.service.metrics import MetricsToken
from app.api.wire.rates import Rates

ROUTERS = (pages.router, health.router, metrics.router)
NEEDS = (Figures, MetricsToken, Rates, Readiness)
