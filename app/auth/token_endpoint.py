"""The token desk: looks up the client, has it prove itself, logs and hands out the token."""

from collections.abc import Mapping
from math import ceil

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
from app.domain.access.clients import (
    AssertionLedger,
    Clients,
    GuessLedger,
    RegisteredClient,
    TokenIssue,
)
from app.domain.calendar.clock import Clock
from app.domain.errors import TooMany


class TokenDesk:
    """Answers the token endpoint."""

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
    ) -> IssuedToken:
        """A token for the client that `authorization` or `form` prove, logged before it is given.

        Args:
            proof: of the key that the token is to be bound to.
            place: where the call comes from, as far as that can be told.

        Raises:
            TokenRefused: why there is none.
            TooMany: wrong secrets for this client came from there, so none is looked at now.
        """
        _check_grant(form)
        given = credentials(authorization, form)
        client = await self._proven(given, place)
        caller = granted(client, form.get("seat"), form.get("scope"))
        jkt = await self._bound(client, proof)
        stops = client.stops_at(caller.seat_id)
        issued = self._issuer.issue(caller, self._clock(), stops, jkt)
        await self._clients.log_token(_issue(issued, given.method))
        return issued

    async def client(
        self, authorization: str | None, form: Mapping[str, str], place: str = "-"
    ) -> RegisteredClient:
        """The client that `authorization` or `form` prove.

        Raises:
            TokenRefused: they prove none.
            TooMany: as for a token.
        """
        return await self._proven(credentials(authorization, form), place)

    async def _bound(self, client: RegisteredClient, proof: Proof | None) -> str | None:
        if proof is None:
            if client.dpop_required:
                raise bad_proof("this client has to bind its tokens to a key")
            return None
        if await spent(self._ledger, proof, self._clock()):
            raise bad_proof()
        return proof.jkt

    async def _proven(self, given: BySecret | ByAssertion, place: str) -> RegisteredClient:
        if isinstance(given, BySecret):
            return await self._by_secret(given, place)
        # Nobody guesses a signature, so nobody is locked out who signs.
        client = await self._clients.client(given.client_id)
        now = self._clock()
        proven, use = proven_by_assertion(client, given, self._audiences, now)
        # The last check: an assertion that was refused for another reason is not used up.
        if not await self._ledger.first_use(proven.id, use.jti, use.until, now):
            raise unproven()
        return proven

    async def _by_secret(self, given: BySecret, place: str) -> RegisteredClient:
        await self._check_lock(given.client_id, place)
        try:
            return proven_by_secret(await self._clients.client(given.client_id), given)
        except TokenRefused:
            if self._guesses is not None:
                await self._guesses.note_failure(given.client_id, place, self._clock())
            raise

    async def _check_lock(self, client_id: str, place: str) -> None:
        """Before the secret is looked at: a lock tells neither whether it was right this time,
        nor whether there is such a client."""
        if self._guesses is None:
            return
        now = self._clock()
        until = await self._guesses.locked_until(client_id, place, now)
        if until is not None:
            raise TooMany(ceil((until - now).total_seconds()))


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
