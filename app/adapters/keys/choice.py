"""Chooses the key service: the key folder, unless the settings name a socket."""

from app.adapters.keys.folder import KeyFolder
from app.adapters.keys.in_process import FolderKeys
from app.adapters.keys.over_socket import SocketKeys
from app.domain.calendar.clock import Clock
from app.domain.keys.ports import KeyService

SCHEME = "unix:"


def key_service(address: str | None, folder: KeyFolder, clock: Clock) -> KeyService:
    """The key service at `address` (`unix:/path`), or without one the key folder itself.

    Raises:
        OSError, ValueError: a key in the folder cannot be read.
    """
    if address is None:
        return FolderKeys(folder, clock)
    return SocketKeys(address.removeprefix(SCHEME))
