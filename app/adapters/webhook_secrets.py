"""The secrets of webhooks: sealed under the master key, opened where a notice is signed."""

import os
from collections.abc import Callable, Sequence
from uuid import UUID

from app.adapters.seal import CannotOpen, Vault, WrappedKey
from app.domain.keys import MasterKey

BYTES = 32
"""Of a new secret. Standard Webhooks asks for 24 to 64."""
_PURPOSE = "webhook"
_MOST_KEPT = 10_000


def new_secret() -> bytes:
    """A secret that nobody can guess."""
    return os.urandom(BYTES)


class WebhookSecrets:
    """Seals and opens secrets; a master key that was added later is found when it is needed."""

    def __init__(self, masters: Callable[[], Sequence[MasterKey]]) -> None:
        self._masters = masters
        self._vault: Vault | None = None
        self._open: dict[tuple[UUID, bytes], bytes] = {}

    def seal(self, webhook_id: UUID, secret: bytes) -> WrappedKey:
        """The secret as it may be stored."""
        vault = self._vault = Vault(self._masters())
        return vault.wrap(webhook_id, _PURPOSE, secret)

    def open(self, webhook_id: UUID, stored: WrappedKey) -> bytes:
        """The secret that was sealed.

        Raises:
            CannotOpen: the master key is not here, or what is stored was changed.
        """
        found = self._open.get((webhook_id, stored.wrapped))
        if found is None:
            found = self._opened(webhook_id, stored)
            if len(self._open) >= _MOST_KEPT:
                self._open.clear()
            self._open[webhook_id, stored.wrapped] = found
        return found

    def _opened(self, webhook_id: UUID, stored: WrappedKey) -> bytes:
        if self._vault is not None:
            try:
                return self._vault.unwrap(webhook_id, _PURPOSE, stored)
            except CannotOpen:
                self._vault = None
        masters = self._masters()
        if not masters:
            raise CannotOpen("there is no master key here")
        self._vault = Vault(masters)
        return self._vault.unwrap(webhook_id, _PURPOSE, stored)
