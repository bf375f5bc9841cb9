"""Routes of tokens and of the caller."""

from app.adapters.access.clients import StoredClients
from app.api.access import me, oauth
from app.api.wire.dependencies import Issuer
from app.api.wire.rates import Rates
from app.auth.dpop import Proofs
from app.auth.revocation import TokenRevocation
from app.auth.signing_keys import SigningKeys
from app.auth.token_endpoint import TokenEndpoint

ROUTERS = (me.router, oauth.router)
NEEDS = (Issuer, Proofs, Rates, TokenRevocation, SigningKeys, StoredClients, TokenEndpoint)
