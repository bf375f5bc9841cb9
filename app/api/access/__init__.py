"""Routes of tokens and of who calls."""

from app.adapters.access.clients import StoredClients
from app.api.access import me, oauth
from app.api.wire.dependencies import Issuer
from app.api.wire.rates import Rates
from app.auth.dpop import Proofs
from app.auth.revocation import ReturnDesk
from app.auth.signing_keys import SigningKeys
from app.auth.token_endpoint import TokenDesk

ROUTERS = (me.router, oauth.router)
NEEDS = (Issuer, Proofs, Rates, ReturnDesk, SigningKeys, StoredClients, TokenDesk)
