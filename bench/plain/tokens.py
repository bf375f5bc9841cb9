"""Bearer tokens and receipts, both signed with ES256."""

from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jose import JWTError, jwt
from pydantic import BaseModel

from bench.plain.settings import PlainSettings

bearer = HTTPBearer()


class TokenClaims(BaseModel):
    """The claims of a token that are used here."""

    sub: str
    agency: str
    seat: str
    scope: str


async def current_caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]
) -> TokenClaims:
    """The caller, who may send messages."""
    settings: PlainSettings = request.app.state.settings
    try:
        claims = jwt.decode(
            credentials.credentials,
            settings.verifying,
            algorithms=["ES256"],
            audience=settings.issuer,
            issuer=settings.issuer,
        )
    except JWTError as error:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "the token is not valid") from error
    caller = TokenClaims.model_validate(claims)
    if "referral:write" not in caller.scope.split():
        raise HTTPException(status.HTTP_403_FORBIDDEN, "the token lacks referral:write")
    return caller


def sign_receipt(settings: PlainSettings, claims: dict[str, Any]) -> str:
    """A receipt as a compact JWS."""
    headers = {"typ": "receipt+jwt"}
    return str(jwt.encode(claims, settings.signing, algorithm="ES256", headers=headers))
