"""The token endpoint (RFC 6749 §3.2): authenticates the client, logs the token and issues it."""

from collections.abc import Mapping
from math import ceil

from app.auth.clients import (
    ClientAssertion,
    ClientSecret,
    TokenRefused,
    authenticate_by_assertion,
    authenticate_by_secret,
    authorize,
    invalid_client,
    invalid_dpop_proof,
    read_credentials,
)
from app.auth.dpop import Proof, is_replay
from app.auth.tokens import IssuedToken, TokenIssuer
from app.domain.access.clients import (
    AssertionLedger,
    Clients,
    GuessLedger,
    RegisteredClient,
    TokenIssue,
)
from app.domain.calendar.clock import Clock
from app.domain.errors import TooMany


class TokenEndpoint:
    """Issues access tokens for the client credentials grant."""

    def __init__(
        self,
        clients: Clients,
        ledger: AssertionLedger,
        issuer: TokenIssuer,
        audiences: frozenset[str],
        clock: Clock,
        guesses: GuessLedger | None = None,
    ) -> None:
        self._clients = clients
        self._ledger = ledger
        self._issuer = issuer
        self._audiences = audiences
        self._clock = clock
        self._guesses = guesses

    async def token(
        self,
        authorization: str | None,
        form: Mapping[str, str],
        proof: Proof | None = None,
        place: str = "-",
        over: TooMany | None = None,
    ) -> IssuedToken:
        """Issue a token to the client that authenticates. It is logged before it is given out.

        Args:
            authorization: the `Authorization` header of the request.
            proof: the DPoP proof by whose key the token is to be bound.
            place: the network that the request comes from, as far as it can be told.
            over: the refusal if so many guesses came from `place` that only a secret which was
                right there lately is looked at.

        Raises:
            TokenRefused: the request is refused.
            TooMany: too many wrong secrets for this client came from `place`.
        """
        _check_grant(form)
        credentials = read_credentials(authorization, form)
        client = await self._authenticate(credentials, place, over)
        caller = authorize(client, form.get("seat"), form.get("scope"))
        jkt = await self._check_binding(client, proof)
        stops = client.stops_at(caller.seat_id)
        issued = self._issuer.issue(caller, self._clock(), stops, jkt)
        await self._clients.log_token(_token_issue(issued, credentials.method))
        return issued

    async def authenticate(
        self,
        authorization: str | None,
        form: Mapping[str, str],
        place: str = "-",
        over: TooMany | None = None,
    ) -> RegisteredClient:
        """The client that `authorization` or `form` authenticate.

        Raises:
            TokenRefused: they authenticate none.
            TooMany: as for `token`.
        """
        return await self._authenticate(read_credentials(authorization, form), place, over)

    async def _check_binding(self, client: RegisteredClient, proof: Proof | None) -> str | None:
        if proof is None:
            if client.dpop_required:
                raise invalid_dpop_proof("this client has to bind its tokens to a key")
            return None
        if await is_replay(self._ledger, proof, self._clock()):
            raise invalid_dpop_proof()
        return proof.jkt

    async def _authenticate(
        self, credentials: ClientSecret | ClientAssertion, place: str, over: TooMany | None
    ) -> RegisteredClient:
        if isinstance(credentials, ClientSecret):
            return await self._authenticate_by_secret(credentials, place, over)
        # A signature cannot be guessed, so an assertion never leads to a lock.
        client = await self._clients.client(credentials.client_id)
        now = self._clock()
        authenticated, use = authenticate_by_assertion(client, credentials, self._audiences, now)
        # The last check, so that an assertion refused for another reason is not used up.
        if not await self._ledger.first_use(authenticated.id, use.jti, use.until, now):
            raise invalid_client()
        return authenticated

    async def _authenticate_by_secret(
        self, credentials: ClientSecret, place: str, over: TooMany | None
    ) -> RegisteredClient:
        client_id = credentials.client_id
        refusal = await self._lock(client_id, place) or over
        if refusal is not None and not await self._is_proven(client_id, place):
            raise refusal
        try:
            client = authenticate_by_secret(await self._clients.client(client_id), credentials)
        except TokenRefused:
            if refusal is not None:
                raise refusal from None
            if self._guesses is not None:
                await self._guesses.note_failure(client_id, place, self._clock())
            raise
        if self._guesses is not None:
            await self._guesses.note_success(client_id, place, self._clock())
        return client

    async def _lock(self, client_id: str, place: str) -> TooMany | None:
        """Asked before the secret is verified: the answer reveals neither whether the secret was
        right, nor whether the client exists.

        Where the secret was right lately it is verified all the same: others may call from there,
        behind the same proxy, and must not be able to keep the client out by guessing.
        """
        if self._guesses is None:
            return None
        now = self._clock()
        until = await self._guesses.locked_until(client_id, place, now)
        return None if until is None else TooMany(ceil((until - now).total_seconds()))

    async def _is_proven(self, client_id: str, place: str) -> bool:
        return self._guesses is not None and await self._guesses.is_proven(
            client_id, place, self._clock()
        )


def _check_grant(form: Mapping[str, str]) -> None:
    if "grant_type" not in form:
        raise TokenRefused("invalid_request", "grant_type is missing")
    if form["grant_type"] != "client_credentials":
        raise TokenRefused("unsupported_grant_type", "the only grant is client_credentials")


def _token_issue(issued: IssuedToken, method: str) -> TokenIssue:
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
