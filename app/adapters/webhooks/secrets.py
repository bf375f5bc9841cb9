"""The secrets of webhooks: sealed under a master key, opened where a notice is signed."""

import os
from uuid import UUID

from app.adapters.keys.vault import PURPOSE, bound
from app.domain.keys.ports import KeyService, WrappedKey

BYTES = 32
"""Of a new secret. Standard Webhooks asks for 24 to 64."""
_MOST_KEPT = 10_000


def new_secret() -> bytes:
    """A secret that nobody can guess."""
    return os.urandom(BYTES)


class WebhookSecrets:
    """Seals and opens secrets; what was opened is remembered."""

    def __init__(self, service: KeyService) -> None:
        self._service = service
        self._open: dict[tuple[UUID, bytes], bytes] = {}

    async def seal(self, webhook_id: UUID, secret: bytes) -> WrappedKey:
        """The secret as it may be stored.

        Raises:
            KeyServiceAway: the key service does not answer.
        """
        (sealed,) = await self._service.wrap([(bound(webhook_id, PURPOSE), secret)])
        return sealed

    async def open(self, webhook_id: UUID, stored: WrappedKey) -> bytes:
        """The secret that was sealed.

        Raises:
            CannotOpen: the master key is not here, or what is stored was changed.
            KeyServiceAway: the key service does not answer.
        """
        found = self._open.get((webhook_id, stored.wrapped))
        if found is None:
            (found,) = await self._service.unwrap([(bound(webhook_id, PURPOSE), stored)])
            if len(self._open) >= _MOST_KEPT:
                self._open.clear()
            self._open[webhook_id, stored.wrapped] = found
        return found
