"""Routes of referrals and messages: sending, reading, printing."""

from app.adapters.deliveries.deliveries import Deliveries
from app.adapters.referrals.deadlines import DeadlineList
from app.adapters.referrals.exchange import Exchange
from app.adapters.referrals.reading import Reading
from app.api.referrals import deadlines, printed_sheet, reading, sending

ROUTERS = (sending.router, reading.router, printed_sheet.router, deadlines.router)
NEEDS = (DeadlineList, Deliveries, Exchange, Reading)
