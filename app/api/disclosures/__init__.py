"""Routes of disclosures, and the sheet for the person concerned."""

from app.adapters.disclosures.listing import Disclosures
from app.api.disclosures import person_sheet, routes

ROUTERS = (routes.router, person_sheet.router)
NEEDS = (Disclosures,)
