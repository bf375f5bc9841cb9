"""What all routes share: the gate, bodies, responses, paging, problems and languages."""

from app.adapters.access.refused_calls import RefusedCalls
from app.api.wire.dependencies import Issuer, ServiceClock, ServiceDirectory, Shutdown
from app.api.wire.json_body import LargestBody
from app.api.wire.rates import Rates
from app.api.wire.refused_work import RefusedWork
from app.auth.dpop import Proofs
from app.auth.tokens import TokenReader

NEEDS = (
    Issuer,
    LargestBody,
    Proofs,
    Rates,
    RefusedCalls,
    RefusedWork,
    ServiceClock,
    ServiceDirectory,
    Shutdown,
    TokenReader,
)
