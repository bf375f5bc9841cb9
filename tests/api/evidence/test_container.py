"""The zip of a bundle has one form; in any other, both verifiers read nothing of it."""

import io
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from app.domain.evidence.bundle import LARGEST, MANIFEST, NotABundle, pack, unpack
from tests.api.evidence.played import CENTER, STANDALONE, edit_bundle, files_of, verdict_of

ROOT = Path(__file__).parents[3]
NAME = b"bomb.json"
ONE_FILE = pack({"a.txt": b"text"})


@pytest.fixture(scope="module")
def data(bundles: dict[str, bytes]) -> bytes:
    return bundles[CENTER]


def pack_anew(data: bytes, method: int) -> bytes:
    """The same files, in a zip as any program makes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files_of(data).items():
            archive.writestr(name, content)
    return buffer.getvalue()


METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


@pytest.mark.parametrize("method", METHODS)
def test_a_bundle_that_was_packed_anew_is_not_read(data: bytes, method: int) -> None:
    assert verdict_of(pack_anew(data, method)) == ("bad", "container", None)


def zip_of(method: int, content: bytes, size: int) -> bytes:
    """A zip of one file that claims this size; both headers say the same."""
    common = struct.pack("<5H3L2H", 20, 0, method, 0, 33, 0, len(content), size, len(NAME), 0)
    local = b"PK\3\4" + common + NAME + content
    central = b"PK\1\2\x14\3" + common + struct.pack("<3H2L", 0, 0, 0, 0o644 << 16, 0) + NAME
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


LZMA_BOMB = zip_of(14, struct.pack("<2BH", 9, 4, 5) + b"\x5d\xff\xff\xff\xff" + bytes(3_000), 2**20)
"""It asks for a dictionary of 4 GiB, and declares a harmless size."""


def swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new, 1)

    return change


def overlap(data: bytes) -> bytes:
    """A second entry of the directory for the bytes of the first file."""
    at = struct.unpack_from("<L", data, len(data) - 6)[0]
    entry = data[at:-22]
    other = entry.replace(b"a.txt", b"b.txt")
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, 2 * len(entry), at, 0)
    return data[:at] + entry + other + end


def hide(data: bytes) -> bytes:
    """Bytes between the file and the directory, of which the directory knows."""
    at = struct.unpack_from("<L", data, len(data) - 6)[0]
    end = data[-22:-6] + struct.pack("<LH", at + 4, 0)
    return data[:at] + b"more" + data[at:-22] + end


def count_many(data: bytes) -> bytes:
    return data[:-14] + b"\xff\xff\xff\xff" + data[-10:]


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "a byte before": lambda data: b"x" + data,
    "a byte after": lambda data: data + b"x",
    "a comment": lambda data: data[:-2] + b"\1\0x",
    "bytes between": hide,
    "two entries for the same bytes": overlap,
    "a directory that names nothing": lambda data: data[-22:],
    "more files than a bundle has": count_many,
    "another size in the local header": swap(b"\4\0\0\0\4", b"\4\0\0\0\5"),
    "a size beyond the end": swap(b"\4\0\0\0\4\0\0\0", b"\xff\xff\xff\x7f\xff\xff\xff\x7f"),
    "a data descriptor": swap(b"\x14\0\0\0", b"\x14\0\x08\0"),
    "encrypted": swap(b"\x14\0\0\0", b"\x14\0\1\0"),
    "a name said to be UTF-8": swap(b"\x14\0\0\0", b"\x14\0\0\x08"),
    "an extra field": swap(b"\5\0\0\0a.txt", b"\5\0\4\0a.txt"),
    "another time": swap(b"\x21\0", b"\x22\0"),
    "a name of its own in the directory": lambda data: data[:-27] + b"b.txt" + data[-22:],
    "the end cut off": lambda data: data[:-1],
    "nothing": lambda _: b"",
}


@pytest.mark.parametrize("how", CHANGES)
def test_every_byte_of_the_zip_beside_the_contents_follows_from_them(how: str) -> None:
    assert unpack(ONE_FILE) == {"a.txt": b"text"}
    changed = CHANGES[how](ONE_FILE)
    assert changed != ONE_FILE
    assert verdict_of(changed) == ("bad", "container", None)


def test_names_are_in_order() -> None:
    first, second = pack({"a.txt": b""}), pack({"b.txt": b""})
    bodies, listings = [second[:35], first[:35]], [second[35:-22], first[35:-22]]
    listings[1] = listings[1][:42] + struct.pack("<L", 35) + b"a.txt"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, 2 * 51, 70, 0)
    assert verdict_of(b"".join([*bodies, *listings, end])) == ("bad", "container", None)


@pytest.mark.parametrize(
    "name",
    ["../evil.txt", "/etc/passwd", "__MACOSX/x.json", "a\\b.json", "UP.json", "COM1", "é.json"],
)
def test_a_name_that_no_bundle_has_is_refused(data: bytes, name: str) -> None:
    changed = edit_bundle(data, lambda files: files.update({name: b"x"}))
    assert verdict_of(changed)[1] in {"name", "container"}


def test_a_name_that_stands_there_twice_is_refused(data: bytes) -> None:
    at = data.index(MANIFEST.encode()) - 30
    size = struct.unpack_from("<L", data, at + 18)[0]
    twice = data[at : at + 30 + len(MANIFEST) + size]
    count = struct.unpack_from("<H", data, len(data) - 14)[0] + 1
    more = data[:at] + twice + data[at:-14] + struct.pack("<2H", count, count) + data[-10:]
    assert verdict_of(more)[:2] == ("bad", "name")


def test_digits_of_other_scripts_name_no_message(data: bytes) -> None:
    name = "messages/ABCD-ABCD-ABCD-ABCD/\u0661\u0661\u0661\u0661.json"
    changed = edit_bundle(data, lambda files: files.update({name: b"{}"}))
    assert verdict_of(changed)[0] == "bad"
    with pytest.raises(NotABundle):
        unpack(pack({name: b"{}"}))


@pytest.mark.parametrize("method", [8, 12, 14, 93])
def test_what_would_swell_is_not_unpacked(method: int) -> None:
    packed = zip_of(method, bytes(3_000), 2**26)
    assert verdict_of(packed) == ("bad", "container", None)
    assert verdict_of(LZMA_BOMB) == ("bad", "container", None)


VERIFIERS = pytest.mark.parametrize(
    "command",
    [[sys.executable, "-m", "app.cli", "verify"], [sys.executable, str(STANDALONE)]],
    ids=["tsunagu verify", "verify_bundle.py"],
)


@VERIFIERS
@pytest.mark.parametrize(
    "arguments",
    [
        ["--log-key", ""],
        ["--log-key", "name"],
        ["--log-key", "name+00000000+*"],
        ["--log-key", "name+00000000+" + "A" * 44],
        ["--keys", "nothing.json"],
        ["--keys", "folder"],
        ["--keys", "latin.json"],
        ["--keys", "list.json"],
        ["--keys", "deep.json"],
        ["--keys", "other.json"],
        ["--checkpoint", "folder"],
    ],
    ids=" ".join,
)
def test_an_argument_that_cannot_be_used_is_named_and_no_verdict_given(
    tmp_path: Path, command: list[str], arguments: list[str], data: bytes
) -> None:
    (tmp_path / "bundle.zip").write_bytes(data)
    (tmp_path / "folder").mkdir()
    (tmp_path / "latin.json").write_bytes(b'{"keys": "\xe9"}')
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "other.json").write_text('{"keys": [{"kty": "RSA"}]}')
    environment = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [*command, "bundle.zip", *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert arguments[0] in done.stderr
    assert "Traceback" not in done.stderr


@VERIFIERS
def test_a_verifier_works_in_a_gibibyte_of_addresses(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "bomb.zip").write_bytes(LZMA_BOMB)
    limited = ["sh", "-c", 'ulimit -v 1048576; exec "$@"', "sh", *command, "bomb.zip"]
    environment = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(limited, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    assert b"container" in done.stdout


def test_no_more_memory_is_used_than_twice_the_size_of_the_file() -> None:
    packed = pack({"a.txt": bytes(2**22), "b.txt": bytes(2**22)})
    tracemalloc.start()
    try:
        files = unpack(packed)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(map(len, files.values())) == 2**23
    assert peak < len(packed) + 2**16


def test_a_bundle_over_the_limit_is_not_read() -> None:
    assert verdict_of(pack({"a.txt": bytes(LARGEST)})) == ("bad", "container", None)
