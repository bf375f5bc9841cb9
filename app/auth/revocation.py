"""Token revocation (RFC 7009): a client revokes a token of its own before it expires."""

from collections.abc import Mapping

from app.auth.clients import TokenRefused
from app.auth.token_endpoint import TokenEndpoint
from app.auth.tokens import TokenReader
from app.domain.access.clients import Revocation, Revocations
from app.domain.calendar.clock import Clock
from app.domain.errors import TooMany


class TokenRevocation:
    """Answers the revocation endpoint."""

    def __init__(
        self,
        token_endpoint: TokenEndpoint,
        tokens: TokenReader,
        revocations: Revocations,
        clock: Clock,
    ) -> None:
        self._token_endpoint = token_endpoint
        self._tokens = tokens
        self._revocations = revocations
        self._clock = clock

    async def revoke(
        self,
        authorization: str | None,
        form: Mapping[str, str],
        place: str = "-",
        over: TooMany | None = None,
    ) -> None:
        """Revoke the token in `form`, if it was issued to the client that authenticates.

        A token that has expired, is unknown or belongs to another client is left as it is. The
        answer is the same in each case.

        Args:
            place: the network that the request comes from, as far as it can be told.
            over: as for `TokenEndpoint.token`.

        Raises:
            TokenRefused: there is no `token`, or the client does not authenticate.
            TooMany: too many wrong secrets for this client came from `place`.
        """
        client = await self._token_endpoint.authenticate(authorization, form, place, over)
        if "token" not in form:
            raise TokenRefused("invalid_request", "token is missing")
        now = self._clock()
        access = self._tokens.access_even_if_revoked(form["token"], now)
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
