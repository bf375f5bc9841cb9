"""The evidence bundle as a file: names of its files, its form as a zip, and a careful reader.

A bundle has exactly one form as bytes: files stored without compression, in the order of their
names, with one fixed time. The reader takes this form alone, so it needs no library for zips, and
no more memory than the bundle has bytes. docs/en/evidence.md describes it to strangers, and what it
does not prove.
"""

import re
import struct
import zipfile
from collections.abc import Mapping
from io import BytesIO
from zlib import crc32

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
MOST_FILES = 2_010
MOST_MESSAGES = 500
"""Messages of a bundle. A larger case comes in parts."""
MOST_ENTRIES = 10_000
"""Entries of the log in a bundle, beside those that prove its messages."""

_NAME = re.compile(
    rb"[a-z]+(?:\.[a-z]+|/[a-z]+\.[a-z]+|/[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}/[0-9]{4,9}\.json)"
)
_MADE = (1980, 1, 1, 0, 0, 0)
_MODE = 0o644 << 16
_UNIX = 3
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4sH5H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_VERSION = 20
_FIRST_DAY = 33
"""1980-01-01 as a zip writes it."""
_LONGEST_NAME = 64


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
    """The files of a bundle, in their order there.

    Every byte beside the contents is compared with what `pack` would write for these names, sizes
    and checksums: nothing is compressed, hidden between two files, or said in two ways.

    Raises:
        NotABundle: `container` (not in the form of a bundle, or too large), `name` (a name that no
            bundle has, or one that stands there twice) or `changed` (a file's checksum is wrong).
    """
    files: dict[str, bytes] = {}
    directory = []
    at, last = 0, b""
    for _ in range(count := _number_of_files(data)):
        name, content, crc = _read_entry(data, at)
        _check_name(name, last)
        if crc32(content) != crc:
            raise NotABundle("changed", name.decode())
        directory.append(_central_header(name, crc, len(content), at))
        files[name.decode()] = content
        at, last = at + _LOCAL.size + len(name) + len(content), name
    listing = b"".join(directory)
    end = _END.pack(b"PK\5\6", 0, 0, count, count, len(listing), at, 0)
    if data[at:] != listing + end:
        raise NotABundle("container")
    return files


def _number_of_files(data: bytes) -> int:
    if not _END.size <= len(data) <= LARGEST:
        raise NotABundle("container")
    count: int = _END.unpack_from(data, len(data) - _END.size)[3]
    if count > MOST_FILES:
        raise NotABundle("container")
    return count


def _check_name(name: bytes, last: bytes) -> None:
    """Each name is one that bundles have, and comes after the one before it."""
    if not _NAME.fullmatch(name) or name == last:
        raise NotABundle("name")
    if name < last:
        raise NotABundle("container")


def _read_entry(data: bytes, at: int) -> tuple[bytes, bytes, int]:
    """Name, content and checksum of the file whose header is at this place."""
    if len(data) < at + _LOCAL.size:
        raise NotABundle("container")
    _, _, _, _, _, _, crc, size, _, length, _ = _LOCAL.unpack_from(data, at)
    start = at + _LOCAL.size + length
    if length > _LONGEST_NAME or start + size > len(data):
        raise NotABundle("container")
    name = data[at + _LOCAL.size : start]
    if data[at:start] != _LOCAL.pack(b"PK\3\4", *_common(name, crc, size)) + name:
        raise NotABundle("container")
    return name, data[start : start + size], crc


def _common(name: bytes, crc: int, size: int) -> tuple[int, ...]:
    """The fields in which both headers of a file agree."""
    return _VERSION, 0, zipfile.ZIP_STORED, 0, _FIRST_DAY, crc, size, size, len(name), 0


def _central_header(name: bytes, crc: int, size: int, at: int) -> bytes:
    made_by = _UNIX << 8 | _VERSION
    common = _common(name, crc, size)
    return _CENTRAL.pack(b"PK\1\2", made_by, *common, 0, 0, 0, _MODE, at) + name
