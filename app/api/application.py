"""The application: every route, behind the gate."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI

from app.api import (
    acts,
    administration,
    bundle,
    consents,
    contract,
    deliveries,
    directory,
    disclosure_sheet,
    disclosures,
    erasures,
    flows,
    health,
    inbox,
    log,
    me,
    metrics,
    oauth,
    pages,
    problems,
    reading,
    recalls,
    referrals,
    returns,
    sheet,
    webhooks,
)
from app.api.gate import Gate
from app.api.metrics import Meters

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
