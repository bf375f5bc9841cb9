"""Giving tokens back (RFC 7009): a client ends a token of its own before it expires."""

from collections.abc import Mapping

from app.auth.clients import TokenRefused
from app.auth.token_endpoint import TokenDesk
from app.auth.tokens import TokenReader
from app.domain.access.clients import Revocation, Revocations
from app.domain.calendar.clock import Clock


class ReturnDesk:
    """Answers the revocation endpoint."""

    def __init__(
        self, desk: TokenDesk, tokens: TokenReader, revocations: Revocations, clock: Clock
    ) -> None:
        self._desk = desk
        self._tokens = tokens
        self._revocations = revocations
        self._clock = clock

    async def revoke(
        self, authorization: str | None, form: Mapping[str, str], place: str = "-"
    ) -> None:
        """End the token in `form`, if it is one of the client that proves itself.

        One that is over, unknown or somebody else's is left as it is, and nobody learns which.

        Raises:
            TokenRefused: there is no token, or the client does not prove itself.
            TooMany: wrong secrets for this client came from `place`, so none is looked at now.
        """
        client = await self._desk.client(authorization, form, place)
        if "token" not in form:
            raise TokenRefused("invalid_request", "token is missing")
        now = self._clock()
        access = self._tokens.issued(form["token"], now)
        if access is None or access.caller.client_id != client.id:
            return
        caller = access.caller
        await self._revocations.revoke(
            Revocation(
                jti=access.jti,
                client_id=caller.client_id,
                agency_id=caller.agency_id,
                seat_id=caller.seat_id,
                expires_at=access.expires_at,
                at=now,
            )
        )
