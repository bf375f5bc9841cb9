"""Route of the evidence bundle."""

from app.adapters.evidence.collecting import Evidence
from app.api.evidence import routes
from app.api.evidence.files import SealWithin
from app.api.wire.dependencies import Issuer, PublishedLogKeys
from app.auth.signing_keys import SigningKeys

ROUTERS = (routes.router,)
NEEDS = (Evidence, Issuer, PublishedLogKeys, SealWithin, SigningKeys)
