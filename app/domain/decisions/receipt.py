"""The receipt: what the service signs when it has accepted a message."""

from typing import Protocol


class Signer(Protocol):
    """Who signs receipts."""

    def sign(self, payload: bytes) -> str:
        """`payload`, signed, as a compact JWS."""
        ...
