"""The evidence bundle as a file: names of its files, its form as a zip, and a careful reader.

A bundle has exactly one form as bytes: files stored without compression, in the order of their
names, with one fixed time. docs/en/evidence.md describes it to strangers, and what it does not
prove.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from lzma import LZMAError

FORMAT = "tsunagu-bundle/1"
SEAL_TYP = "tsunagu-bundle+jwt"
"""The `typ` of the signature over a manifest: no other signature of ours can stand for it."""

MANIFEST = "manifest.json"
SEAL = "manifest.jws"
CHECKPOINT = "checkpoint.txt"
RECEIPT_KEYS = "keys/receipts.json"
LOG_KEYS = "keys/log.txt"
ENTRIES = "log/entries.json"
CONSISTENCY = "log/consistency.json"
COVER = "cover.html"
NOT_LISTED = frozenset({MANIFEST, SEAL})
"""The files that the manifest does not name: itself, and what is signed over it."""

LARGEST = 64 * 2**20
"""Bytes of a bundle."""
MOST_MESSAGES = 2_000
"""Messages of a bundle."""
MOST_ENTRIES = 10_000
"""Entries of the log in a bundle, beside those that prove its messages."""
MOST_FILES = MOST_MESSAGES + 10

_NAME = re.compile(
    r"[a-z]+(?:\.[a-z]+|/[a-z]+\.[a-z]+|/[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}/\d{4}\.json)"
)
_MADE = (1980, 1, 1, 0, 0, 0)
_MODE = 0o644 << 16
_UNIX = 3
_UNREADABLE = (NotImplementedError, RuntimeError, ValueError, OSError, EOFError, struct.error)


class NotABundle(Exception):
    """The input is not a bundle in its one form. `file` is the name at fault, if there is one."""

    def __init__(self, code: str, file: str | None = None) -> None:
        super().__init__(code, file)
        self.code = code
        self.file = file


def message_file(reference: str, number: int) -> str:
    """The name of the file of a message: by its referral's reference and its number there."""
    return f"messages/{reference}/{number:04}.json"


def pack(files: Mapping[str, bytes]) -> bytes:
    """The bundle of these files. The same files give the same bytes."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _MADE)
            entry.external_attr, entry.create_system = _MODE, _UNIX
            archive.writestr(entry, files[name])
    return made.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """The files of a zip that may be a bundle, in their order there.

    Another form of zip is read too, so that what is wrong with a file can be said before what is
    wrong with the zip: `check_form` is still to come.

    Raises:
        NotABundle: `container` (no zip, or too much of one), `name` (a name that no bundle has, or
            one that stands there twice) or `changed` (a file is not what the zip says of it).
    """
    if len(data) > LARGEST:
        raise NotABundle("container")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            _check(entries)
            return {entry.filename: _read(archive, entry) for entry in entries}
    except (zipfile.BadZipFile, *_UNREADABLE):
        raise NotABundle("container") from None


def check_form(data: bytes, files: Mapping[str, bytes]) -> None:
    """Refuse a zip that holds these files in another form than the one it was made in.

    Raises:
        NotABundle: `container`.
    """
    if pack(files) != data:
        raise NotABundle("container")


def _check(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > LARGEST:
        raise NotABundle("container")
    seen = set()
    for entry in entries:
        if not _NAME.fullmatch(entry.filename) or entry.filename in seen:
            raise NotABundle("name")
        seen.add(entry.filename)


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(entry)  # never more than the sizes that were just added up
    except (zipfile.BadZipFile, zlib.error, LZMAError, *_UNREADABLE):
        raise NotABundle("changed", entry.filename) from None
