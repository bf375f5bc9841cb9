"""The secrets of webhooks: wrapped by a master key, and unwrapped to sign notices."""

import os
from uuid import UUID

from app.adapters.keys.vault import PURPOSE, binding
from app.domain.keys.ports import KeyService, WrappedKey

BYTES = 32
"""The length of a new secret. Standard Webhooks asks for 24 to 64."""
_MOST_KEPT = 10_000


def new_secret() -> bytes:
    """A random secret."""
    return os.urandom(BYTES)


class WebhookSecrets:
    """Seals and opens secrets. Opened secrets are cached."""

    def __init__(self, service: KeyService) -> None:
        self._service = service
        self._open: dict[tuple[UUID, bytes], bytes] = {}

    async def seal(self, webhook_id: UUID, secret: bytes) -> WrappedKey:
        """Wrap a secret, to be stored.

        Raises:
            KeyServiceAway: the key service does not answer.
        """
        (sealed,) = await self._service.wrap([(binding(webhook_id, PURPOSE), secret)])
        return sealed

    async def open(self, webhook_id: UUID, stored: WrappedKey) -> bytes:
        """Unwrap a stored secret.

        Raises:
            CannotOpen: the master key is missing, or the stored bytes were changed.
            KeyServiceAway: the key service does not answer.
        """
        secret = self._open.get((webhook_id, stored.wrapped))
        if secret is None:
            (secret,) = await self._service.unwrap([(binding(webhook_id, PURPOSE), stored)])
            if len(self._open) >= _MOST_KEPT:
                self._open.clear()
            self._open[webhook_id, stored.wrapped] = secret
        return secret
