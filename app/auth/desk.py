"""The token desk: looks up the client, has it prove itself, logs and hands out the token."""

from collections.abc import Mapping

from app.auth.clients import (
    ByAssertion,
    BySecret,
    TokenRefused,
    bad_proof,
    credentials,
    granted,
    proven_by_assertion,
    proven_by_secret,
    unproven,
)
from app.auth.dpop import Proof, spent
from app.auth.tokens import IssuedToken, TokenIssuer
from app.domain.client import AssertionLedger, ClientRecord, Clients, TokenIssue
from app.domain.clock import Clock


class TokenDesk:
    """Answers the token endpoint."""

    def __init__(
        self,
        clients: Clients,
        ledger: AssertionLedger,
        issuer: TokenIssuer,
        audiences: frozenset[str],
        clock: Clock,
    ) -> None:
        self._clients = clients
        self._ledger = ledger
        self._issuer = issuer
        self._audiences = audiences
        self._clock = clock

    async def token(
        self, authorization: str | None, form: Mapping[str, str], proof: Proof | None = None
    ) -> IssuedToken:
        """A token for the client that `authorization` or `form` prove, logged before it is given.

        Args:
            proof: of the key that the token is to be bound to.

        Raises:
            TokenRefused: why there is none.
        """
        _check_grant(form)
        given = credentials(authorization, form)
        client = await self._proven(given)
        caller = granted(client, form.get("seat"), form.get("scope"))
        jkt = await self._bound(client, proof)
        issued = self._issuer.issue(caller, self._clock(), client.stops, jkt)
        await self._clients.log_token(_issue(issued, given.method))
        return issued

    async def client(self, authorization: str | None, form: Mapping[str, str]) -> ClientRecord:
        """The client that `authorization` or `form` prove.

        Raises:
            TokenRefused: they prove none.
        """
        return await self._proven(credentials(authorization, form))

    async def _bound(self, client: ClientRecord, proof: Proof | None) -> str | None:
        if proof is None:
            if client.dpop_required:
                raise bad_proof("this client has to bind its tokens to a key")
            return None
        if await spent(self._ledger, proof, self._clock()):
            raise bad_proof()
        return proof.jkt

    async def _proven(self, given: BySecret | ByAssertion) -> ClientRecord:
        client = await self._clients.client(given.client_id)
        if isinstance(given, BySecret):
            return proven_by_secret(client, given)
        now = self._clock()
        proven, use = proven_by_assertion(client, given, self._audiences, now)
        # The last check: an assertion that was refused for another reason is not used up.
        if not await self._ledger.first_use(proven.id, use.jti, use.until, now):
            raise unproven()
        return proven


def _check_grant(form: Mapping[str, str]) -> None:
    if "grant_type" not in form:
        raise TokenRefused("invalid_request", "grant_type is missing")
    if form["grant_type"] != "client_credentials":
        raise TokenRefused("unsupported_grant_type", "the only grant is client_credentials")


def _issue(issued: IssuedToken, method: str) -> TokenIssue:
    caller = issued.caller
    return TokenIssue(
        jti=issued.jti,
        client_id=caller.client_id,
        agency_id=caller.agency_id,
        seat_id=caller.seat_id,
        role=caller.role,
        scopes=caller.scopes,
        method=method,
        issued_at=issued.issued_at,
        expires_at=issued.expires_at,
    )
