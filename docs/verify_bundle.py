#!/usr/bin/env python3
"""Verify an evidence bundle of Tsunagu offline, from its published format alone (evidence.md).

Needs Python 3.11 or later and `cryptography`; nothing of the service, no network, no account.
Exit code: 0 verified; 1 the first bad thing is named; 2 nothing is wrong, but not all is proved
yet, or an argument is not what it must be.
"""

import argparse
import base64
import hashlib
import json
import re
import struct
import zlib
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.hashes import SHA256

LARGEST, MOST_FILES = 64 * 2**20, 2_010
NAME = rb"[a-z]+(?:\.[a-z]+|/[a-z]+\.[a-z]+|/[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}/[0-9]{4,9}\.json)"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
MANIFEST, SEAL, POINT = "manifest.json", "manifest.jws", "checkpoint.txt"
KEYS, LOG_KEYS = "keys/receipts.json", "keys/log.txt"
ENTRIES, GROWTH = "log/entries.json", "log/consistency.json"


class Bad(Exception):
    """A code of evidence.md, and the file."""


def need(good, *what):
    if not good:
        raise Bad(*what) if what else ValueError("not as it must be")


def canonical(value):
    """RFC 8785, for the values that a bundle has: whole numbers, and names in ASCII."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def strict_json(data):
    def unique(pairs):
        need(len(dict(pairs)) == len(pairs))
        return dict(pairs)

    return json.loads(data.decode(), object_pairs_hook=unique, parse_float=int, parse_constant=int)


def unbase64(text, url=False):
    """Base64 (or base64url without padding) in the one way in which it must be written."""
    padded = text + "=" * (-len(text) % 4) if url else text
    data = base64.b64decode(padded, b"-_" if url else None, validate=True)
    need(base64.b64encode(data, b"-_" if url else None).decode().rstrip("=" * url) == text)
    return data


def receipt_keys(data):
    """{kid: key} of a JWKS; a kid is the key's thumbprint (RFC 7638)."""
    found = {}
    for jwk in strict_json(data)["keys"]:
        need((jwk["kty"], jwk["crv"]) == ("EC", "P-256") and "d" not in jwk)
        thumbprint = hashlib.sha256(canonical({n: jwk[n] for n in ("crv", "kty", "x", "y")}))
        need(unbase64(jwk["kid"], url=True) == thumbprint.digest())
        x, y = (int.from_bytes(unbase64(jwk[name], url=True), "big") for name in "xy")
        found[jwk["kid"]] = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    need(0 < len(found) == len(strict_json(data)["keys"]))
    return found


def signed(token, typ, keys):
    """The claims of a compact JWS (ES256)."""
    head, claims, signature = token.split(".")
    header, raw = strict_json(unbase64(head, url=True)), unbase64(signature, url=True)
    need((header["alg"], header["typ"], len(raw)) == ("ES256", typ, 64) and "crit" not in header)
    numbers = [int.from_bytes(half, "big") for half in (raw[:32], raw[32:])]
    need(numbers[1] <= ORDER // 2)  # (r, ORDER - s) is a signature, too: one of them is enough
    signature = utils.encode_dss_signature(*numbers)
    keys[header["kid"]].verify(signature, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    return strict_json(unbase64(claims, url=True))


def log_keys(data):
    """{(name, key id): public key} of lines `name+key id+base64`."""
    found = {}
    for line in data.decode().splitlines():
        name, key_id, encoded = line.split("+", 2)
        key = unbase64(encoded)
        expected = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
        need(name and len(key) == 33 and key[0] == 1 and key_id == expected.hex())
        found[name, expected] = ed25519.Ed25519PublicKey.from_public_bytes(key[1:])
    need(0 < len(found) == len(data.decode().splitlines()))
    return found


def checkpoint(note, keys):
    """Origin, size and root of a signed note (C2SP signed-note and tlog-checkpoint)."""
    text, gap, lines = note.rpartition("\n\n")
    need(gap and lines.endswith("\n") and all(c >= " " or c == "\n" for c in note))
    signatures = [line.split(" ") for line in lines[:-1].split("\n")]
    need(all(d == "\N{EM DASH}" and re.fullmatch(r"[^\s+]+", name) for d, name, _ in signatures))
    ours = [(name, unbase64(made)) for _, name, made in signatures if len(unbase64(made)) > 4]
    need(len(ours) == len(signatures))
    ours = [(keys[name, raw[:4]], raw[4:]) for name, raw in ours if (name, raw[:4]) in keys]
    for key, signature in ours:
        key.verify(signature, f"{text}\n".encode())
    origin, size, root = text.split("\n")[:3]
    need(ours and size == str(int(size)) and len(unbase64(root)) == 32)
    return origin, int(size), unbase64(root)


def walked(at, last, first, second, path):
    """Both hashes at the end of a path of RFC 9162 (2.1.3.2, 2.1.4.2) that is long enough."""

    def node(left, right):
        return hashlib.sha256(b"\x01" + left + right).digest()

    for other in path:
        need(last)
        if at & 1 or at == last:
            first, second = node(other, first), node(other, second)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            second = node(second, other)
        at, last = at >> 1, last >> 1
    need(last == 0)
    return first, second


class Check:
    """One bundle under examination. `place` says whose fault it is if something is malformed."""

    def __init__(self, data, keys=None, log_key=None, old_note=None):
        self.data, self.keys, self.log_key, self.old_note = data, keys, log_key, old_note
        self.place, self.problems = ("container",), []
        self.lacking = [] if keys and log_key else ["keys_not_pinned"]
        steps = (self.unpack, self.begin, self.sealed, self.listed, self.messages, self.logged)
        for step in (*steps, self.grown):
            try:
                step()
            except Exception as error:
                what = error.args if isinstance(error, Bad) else self.place
                self.problems.append({"code": what[0], "file": what[1] if what[1:] else None})
                # A broken seal only says that something is bad; the next may say what.
                if what[0] not in ("manifest", "seal", "untrusted") or self.problems[1:]:
                    break

    def read(self, name, code, parse=strict_json):
        need(name in self.files, "missing", name)
        self.place = (code, name)
        return parse(self.files[name])

    def unpack(self):
        """Read a zip of which every byte beside the contents follows from them."""
        self.files, data, at, last, listing = {}, self.data, 0, b"", b""
        count = struct.unpack_from("<H", data, len(data) - 12)[0]
        need(22 <= len(data) <= LARGEST and count <= MOST_FILES, "container")
        for _ in range(count):
            crc, size, _, length, _ = struct.unpack_from("<3L2H", data, at + 14)
            name, start = data[at + 30 : at + 30 + length], at + 30 + length
            # Version 20, flags 0, stored, 1980-01-01 00:00; no extra field.
            head = struct.pack("<5H3L2H", 20, 0, 0, 0, 33, crc, size, size, length, 0)
            need(length <= 64 and data[at:start] == b"PK\3\4" + head + name, "container")
            need(re.fullmatch(NAME, name) and name != last, "name")
            need(last < name and start + size <= len(data), "container")
            more = struct.pack("<3H2L", 0, 0, 0, 0o644 << 16, at)
            listing += b"PK\1\2\x14\3" + head + more + name
            self.files[name.decode()] = content = data[start : start + size]
            need(zlib.crc32(content) == crc, "changed", name.decode())
            at, last = start + size, name
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(listing), at, 0)
        need(data[at:] == listing + end, "container")

    def begin(self):
        self.manifest = self.read(MANIFEST, "format")
        need(self.manifest["format"] == "tsunagu-bundle/1", "format", MANIFEST)

    def sealed(self):
        try:
            keys = self.read(KEYS, "keys", receipt_keys)
            self.keys = self.keys or keys
            token = self.read(SEAL, "seal", bytes.decode)
            claims = signed(token, "tsunagu-bundle+jwt", keys)
        except Exception:  # the fault may lie in the keys
            held = self.files.get(KEYS)
            need(held is None or digest(held) == self.manifest["files"][KEYS], "changed", KEYS)
            raise
        self.place = ("manifest", MANIFEST)
        made = {name: self.manifest[name] for name in ("format", "case_id", "agency_id")}
        made |= {"iss": self.manifest["issuer"], "manifest": digest(self.files[MANIFEST])}
        need(claims == {**made, "iat": claims["iat"]}, "manifest", MANIFEST)
        self.place = ("untrusted", KEYS)
        signed(token, "tsunagu-bundle+jwt", self.keys)

    def listed(self):
        self.place = ("manifest", MANIFEST)
        for name, expected in self.manifest["files"].items():
            need(name in self.files, "missing", name)
            need(digest(self.files[name]) == expected, "changed", name)
        for name in sorted(self.files.keys() - self.manifest["files"].keys() - {MANIFEST, SEAL}):
            raise Bad("unknown", name)

    def messages(self):
        self.created, self.place = {}, ("manifest", MANIFEST)
        references = {r["id"]: r["reference"] for r in self.manifest["referrals"]}
        parts, whole = self.manifest.get("parts", []), self.manifest.get("counts", {})
        count = dict.fromkeys(references, 0) | {p["referral_id"]: p["from"] - 1 for p in parts}
        for row in self.manifest["messages"]:
            self.place = ("manifest", MANIFEST)
            number = count[row["referral_id"]] = count[row["referral_id"]] + 1
            file = f"messages/{references[row['referral_id']]}/{number:04}.json"
            need((row["file"], row["number"]) == (file, number), "order", file)
            self.message(row, file, **self.read(file, "message"))
        held = {p["referral_id"]: (p["from"], p["through"]) for p in parts}
        for name, (_, last) in held.items():
            file = f"messages/{references[name]}/{last:04}.json"
            need(count.pop(name) == last <= whole[name], "order", file)
        need("parts" not in self.manifest or not any(count.values()), "manifest", MANIFEST)
        partly = any(number and held.get(name) != (1, number) for name, number in whole.items())
        self.lacking += ["part"] * partly

    def message(self, row, file, message, fields, **_):
        need(all(message[n] == row[n] for n in ("id", "number", "digest")), "message", file)
        body, digests, opened = message["body"], message["digests"], sorted(fields)
        withheld = [item["class"] for item in message["withheld"]]
        names = [n for group in fields.values() for n in group] + ["type"] * ("C0" in withheld)
        whole = sorted(opened + withheld) == sorted(digests) and opened == sorted(message["salts"])
        own = sorted(names) == sorted(body) and body["type"] == message["type"]
        need(whole and own, "fields", file)
        for kind in opened:
            part = {"fields": {n: body[n] for n in fields[kind]}, "salt": message["salts"][kind]}
            need(digest(canonical(part)) == digests[kind], "fields", file)
        envelope = {name: message[name] for name in ("id", "referral_id", "type", "occurred_on")}
        envelope["from"] = {name: message["from"][name] for name in ("agency_id", "seat_id")}
        envelope |= {"accepted_at": message["created_at"], "legal_basis": message["legal_basis"]}
        need(digest(canonical({**envelope, "segments": digests})) == row["digest"], "digest", file)
        self.created[row["id"]] = at = message["created_at"]
        if message["receipt"] is not None:
            self.place = ("receipt", file)
            claims = signed(message["receipt"], "tsunagu-receipt+jwt", self.keys)
            same = {name: message[name] for name in ("referral_id", "type", "digest")}
            same |= {"iss": self.manifest["issuer"], "message_id": row["id"], "accepted_at": at}
            need(same.items() <= claims.items(), "receipt", file)

    def logged(self):
        keys, log = self.read(LOG_KEYS, "keys", log_keys), self.manifest["log"]
        note = self.read(POINT, "checkpoint", bytes.decode)
        self.point = _, size, root = checkpoint(note, keys)
        need((log["origin"], log["size"], unbase64(log["root"])) == self.point, *self.place)
        self.place, self.log_key = ("untrusted", POINT), self.log_key or keys
        checkpoint(note, self.log_key)
        held, last, told = self.read(ENTRIES, "entry"), -1, {}
        for row in held["entries"]:
            entry, self.place = row["entry"], ("entry", ENTRIES)
            ours = self.manifest["agency_id"] in entry["agencies"]
            ours = ours and entry["case_id"] in (self.manifest["case_id"], None)
            need(ours and last < row["index"] < size, "entry", ENTRIES)
            last, leaf = row["index"], hashlib.sha256(b"\0" + canonical(entry)).digest()
            self.place, path = ("proof", ENTRIES), map(unbase64, row["proof"])
            need(walked(last, size - 1, leaf, leaf, path)[1] == root, "proof", ENTRIES)
            if entry["kind"] in ("acceptance", "sharing"):
                told.setdefault(entry["message_id"], []).append(entry)
        self.place = ("entry", ENTRIES)
        self.lacking += ["pending"] * bool(held["pending"])
        pending = {row["message_id"] for row in held["pending"]}
        for row in self.manifest["messages"]:
            self.place = ("unlogged", row["file"])
            entries = sorted(told.pop(row["id"], []), key=lambda entry: entry["kind"])
            need(entries or row["id"] in pending, "unlogged", row["file"])
            for entry in entries[:1]:
                at, created = map(datetime.fromisoformat, (entry["at"], self.created[row["id"]]))
                in_time = at == created or entry["kind"] == "sharing"
                need(in_time and entry["detail"]["digest"] == row["digest"], *self.place)
        need(not told, "unshown", ENTRIES)

    def grown(self):
        if self.old_note is None:
            return
        self.place, (origin, size, root) = ("earlier",), self.point
        same, old, old_root = checkpoint(self.old_note, self.log_key)
        need(same == origin, "earlier")
        need(old < size or (old, old_root) == (size, root), "rolled_back", ENTRIES)
        held = self.read(GROWTH, "rolled_back") if GROWTH in self.files else {}
        if 0 < old < size and held.get("from") != old:
            self.lacking.append("no_consistency_proof")
        elif 0 < old < size:
            path = [old_root] * (not old & (old - 1)) + [unbase64(part) for part in held["proof"]]
            at, last = old - 1, size - 1
            while at & 1:
                at, last = at >> 1, last >> 1
            roots = walked(at, last, path[0], path[0], path[1:])
            need(roots == (old_root, root), "rolled_back", GROWTH)


def argument(convert):
    """The type of an argument: what it means; else exit code 2 and a line that names it."""

    def converted(text):
        try:
            return convert(text)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as why:
            reason = why.strerror if isinstance(why, OSError) else "not as it must be"
            raise argparse.ArgumentTypeError(f"{text[:80]!r}: {reason}") from None

    return converted


def content(path):
    """The bytes of a file, one more at most than a bundle may have."""
    with open(path, "rb") as file:
        return file.read(LARGEST + 1)


def main():
    def pinned(path):
        return receipt_keys(content(path).removeprefix(b"\xef\xbb\xbf"))

    def lines(text):
        return log_keys(text.removeprefix("\ufeff").encode())

    def note(path):
        return content(path).decode(errors="replace")

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bundle", type=argument(content))
    parser.add_argument("--keys", type=argument(pinned), help="its /.well-known/jwks.json")
    parser.add_argument("--log-key", type=argument(lines), help="its /.well-known/log-keys")
    parser.add_argument("--checkpoint", type=argument(note), help="an earlier one")
    given = parser.parse_args()
    check = Check(given.bundle, given.keys, given.log_key, given.checkpoint)
    verdict = "bad" if check.problems else "incomplete" if check.lacking else "verified"
    answer = {"verdict": verdict, "problems": check.problems, "lacking": check.lacking}
    if "keys_not_pinned" in check.lacking and not check.problems:
        # Anybody can make a bundle with keys of their own. Compare these with the service's.
        answer["receipt_keys"] = sorted(receipt_keys(check.files[KEYS]))
        answer["log_keys"] = check.files[LOG_KEYS].decode().splitlines()
        answer["hint"] = "--keys and --log-key: get both from the service's own address, not here"
    print(json.dumps(answer))
    raise SystemExit(("verified", "bad", "incomplete").index(verdict))


if __name__ == "__main__":
    main()
