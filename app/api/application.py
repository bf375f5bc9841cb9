"""The FastAPI application with all routes and the middleware."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import Depends, FastAPI

from app.api import (
    access,
    acts,
    administration,
    consents,
    deliveries,
    directory,
    disclosures,
    erasure,
    evidence,
    flows,
    inbox,
    log,
    referrals,
    service,
    webhooks,
    wire,
)
from app.api.contract import contract
from app.api.contract import routes as contract_routes
from app.api.service import pages
from app.api.service.metrics import Meters
from app.api.service.proxies import UnnamedProxies
from app.api.webhooks import contract as webhook_contract
from app.api.webhooks.schemas import ChallengeOut, NoticeOut, ProofOut
from app.api.wire.dependencies import Subject
from app.api.wire.gate import Gate, OutageOf
from app.api.wire.problems import answers
from app.api.wire.requests.query import check_address

SUBJECTS: tuple[Subject, ...] = (
    referrals,
    deliveries,
    disclosures,
    consents,
    inbox,
    webhooks,
    acts,
    administration,
    evidence,
    erasure,
    log,
    directory,
    flows,
    access,
    service,
)
"""In the order of their routes in the contract."""

NEEDS = (*wire.NEEDS, *(kind for subject in SUBJECTS for kind in subject.NEEDS))
"""The types of all dependencies of the routes."""

VERSION = "1.0.0"
"""Of the contract: the part before the first dot is the `v1` in its paths."""


def application(
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None,
    outage_of: OutageOf,
) -> FastAPI:
    """The application. `lifespan` installs its dependencies."""
    app = FastAPI(
        title="つなぐ Tsunagu",
        version=VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # ours has two languages
        redirect_slashes=False,
        dependencies=[Depends(check_address)],
    )
    for subject in SUBJECTS:
        for router in subject.ROUTERS:
            app.include_router(router)
    app.include_router(contract_routes.router)
    answers.install(app)
    pages.install(app)
    contract.install(app, webhook_contract.section(), [NoticeOut, ChallengeOut, ProofOut])
    app.state.meters = Meters()
    app.state.unnamed_proxies = UnnamedProxies()
    app.add_middleware(Gate, outage_of=outage_of, observe=app.state.meters.observe)
    return app
