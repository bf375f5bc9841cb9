"""Where the demo clients of a service on this machine are, whichever its data folder is."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from app.cli.story.demo_clients import FILE
from app.settings import Settings

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


def remember(settings: Settings) -> None:
    """Let `tsunagu demo` find the clients of the service that starts with these settings.

    The note holds the path of the file, which its owner alone can read.
    """
    with suppress(OSError):  # a convenience, for which nothing may fail
        folder = _notes()
        folder.mkdir(mode=0o700, exist_ok=True)
        if _is_ours(folder):
            path = (settings.data_dir / FILE).resolve()
            (folder / str(settings.port)).write_text(str(path), encoding="utf-8")


def find(settings: Settings, url: str) -> Path:
    """The file of the service at this URL: that of the data folder, if one is set; else of the
    service that was started last on that port of this machine; else of the default folder."""
    parts = urlsplit(url)
    with suppress(OSError, ValueError):
        note = _notes() / str(parts.port)
        told = "data_dir" in settings.model_fields_set
        if not told and parts.hostname in _HERE and _is_ours(_notes()):
            path = Path(note.read_text(encoding="utf-8"))
            if path.is_file():
                return path
    return settings.data_dir / FILE


def _notes() -> Path:
    return Path(tempfile.gettempdir()) / f"tsunagu-{os.getuid()}"


def _is_ours(folder: Path) -> bool:
    """Whether nobody else has made it, or can write into it: it lies where everybody may write."""
    status = folder.lstat()
    return folder.is_dir() and status.st_uid == os.getuid() and not status.st_mode & 0o022
