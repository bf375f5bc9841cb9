"""The settings, from the environment."""

from functools import cached_property

from jose import jwk
from jose.backends.base import Key
from pydantic_settings import BaseSettings, SettingsConfigDict


class PlainSettings(BaseSettings):
    """PLAIN_DATABASE_URL and so on."""

    model_config = SettingsConfigDict(env_prefix="PLAIN_", frozen=True)

    database_url: str
    """`postgresql+asyncpg://…`"""
    pool_size: int = 10
    port: int = 8000
    issuer: str
    """Of tokens, whose audience is the same, and of receipts."""
    signing_key: str
    """PEM of the P-256 key that signs tokens and receipts."""
    master_key: bytes
    """32 bytes, in hexadecimal digits: it wraps the keys of referrals."""

    @cached_property
    def signing(self) -> Key:
        """The key that signs."""
        return jwk.construct(self.signing_key, "ES256")

    @cached_property
    def verifying(self) -> Key:
        """Its public half."""
        return self.signing.public_key()

    @cached_property
    def master(self) -> bytes:
        """The master key itself."""
        return bytes.fromhex(self.master_key.decode())
