"""Routes of disclosures and of the person's sheet."""

from app.adapters.disclosures.listing import Disclosures
from app.api.disclosures import person_sheet, routes

ROUTERS = (routes.router, person_sheet.router)
NEEDS = (Disclosures,)
