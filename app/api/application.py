"""The application: every route, behind the gate."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI

from app.api.access import me, oauth
from app.api.acts import routes as acts
from app.api.administration import routes as administration
from app.api.consents import return_requests as returns
from app.api.consents import routes as consents
from app.api.contract import contract
from app.api.deliveries import recalls
from app.api.deliveries import routes as deliveries
from app.api.directory import routes as directory
from app.api.disclosures import person_sheet as disclosure_sheet
from app.api.disclosures import routes as disclosures
from app.api.erasure import routes as erasures
from app.api.evidence import routes as bundle
from app.api.flows import routes as flows
from app.api.inbox import routes as inbox
from app.api.log import routes as log
from app.api.referrals import deadlines, reading
from app.api.referrals import printed_sheet as sheet
from app.api.referrals import sending as referrals
from app.api.service import health, metrics, pages
from app.api.service.metrics import Meters
from app.api.webhooks import routes as webhooks
from app.api.wire import problems
from app.api.wire.gate import Gate

VERSION = "1.0.0"
"""Of the contract: the part before the first dot is the `v1` in its paths."""


def application(
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None,
    is_outage: Callable[[Exception], bool],
) -> FastAPI:
    """The application, whose parts `lifespan` puts in `app.state`."""
    app = FastAPI(
        title="つなぐ Tsunagu",
        version=VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for part in (
        referrals,
        reading,
        sheet,
        deliveries,
        recalls,
        disclosures,
        consents,
        disclosure_sheet,
        returns,
        inbox,
        deadlines,
        webhooks,
        acts,
        administration,
        bundle,
        erasures,
        log,
        directory,
        flows,
        me,
        oauth,
        pages,
        health,
        metrics,
    ):
        app.include_router(part.router)
    problems.install(app)
    pages.install(app)
    contract.install(app)
    app.state.meters = Meters()
    app.add_middleware(Gate, is_outage=is_outage, observe=app.state.meters.observe)
    return app
