"""Facts as they are stored: of C0 in clear, of C1–C8 sealed one by one under the key of the
referral and the class, as bodies are. Without that key, which erasure deletes, a fact is absent.

What is stored of a sealed fact is `{"class": …, "sealed": …}`. No fact is an object, so that the
two are told apart. The names of facts stay in clear: erasure and recall remove facts by name.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.adapters.keys.vault import NONCE, decrypt, encrypt, random_parts
from app.domain.classes import DataClass
from app.domain.messages.facts import FACTS

KeyName: TypeAlias = tuple[UUID, str]
"""A referral and a class, which have one key."""
Holder: TypeAlias = tuple[UUID, str]
"""A referral, and the agency whose view of it holds a fact; '' for the referral itself."""

PADDED = 64
"""Bytes. What is sealed is filled up to a multiple of this, so that its length tells no code."""

_CLEAR = DataClass.C0


@dataclass(frozen=True, slots=True)
class OpenedFacts:
    """The facts of a case that were opened, so that those that stay the same are not sealed again.

    Not every write needs every key: those that opened the facts are kept with them.
    """

    keys: Mapping[KeyName, bytes] = field(default_factory=dict, repr=False)
    stored: Mapping[Holder, Mapping[str, tuple[Any, Any]]] = field(default_factory=dict, repr=False)
    """By holder and name the value of each fact, and the form in which it is stored."""

    def unchanged(self, holder: Holder, name: str, value: Any) -> Any:
        """The stored form of a fact that still has this value; None if it has not."""
        known = self.stored.get(holder, {}).get(name)
        same = known is not None and known[0] == value and type(known[0]) is type(value)
        return known[1] if known is not None and same else None


NOTHING_OPENED = OpenedFacts()
"""For a case that is new."""


class FactCiphers:
    """Seals and opens facts with the keys of referrals and classes."""

    def __init__(self, keys: Mapping[KeyName, bytes]) -> None:
        self._keys = keys
        self._ciphers: dict[KeyName, AESGCM] = {}

    def open_all(self, holder: Holder, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Facts in clear, without those whose key is not there.

        Raises:
            CannotOpen: one was changed, or is another holder's or another fact.
        """
        opened = {}
        for name, stored in facts.items():
            if not is_sealed(stored):
                opened[name] = stored
            elif cipher := self._cipher((holder[0], stored["class"])):
                aad = _binding(holder, stored["class"], name)
                opened[name] = json.loads(decrypt(cipher, b64decode(stored["sealed"]), aad))
        return opened

    def seal(self, holder: Holder, name: str, value: Any) -> dict[str, str] | None:
        """A fact as it is stored; None if its class has no key."""
        data_class = FACTS[name].value
        cipher = self._cipher((holder[0], data_class))
        if cipher is None:
            return None
        content = json.dumps(value, ensure_ascii=False).encode()
        padded = content.ljust(-(-len(content) // PADDED) * PADDED)
        (nonce,) = random_parts(1, NONCE)
        sealed = encrypt(cipher, padded, _binding(holder, data_class, name), nonce)
        return {"class": data_class, "sealed": b64encode(sealed).decode()}

    def _cipher(self, name: KeyName) -> AESGCM | None:
        if name not in self._ciphers:
            if (key := self._keys.get(name)) is None:
                return None
            self._ciphers[name] = AESGCM(key)
        return self._ciphers[name]


def is_sealed(stored: Any) -> bool:
    """Whether this is the stored form of a sealed fact."""
    return isinstance(stored, dict)


def sealed_classes(facts: Mapping[str, Any]) -> set[str]:
    """The classes of the facts that are sealed."""
    return {stored["class"] for stored in facts.values() if is_sealed(stored)}


def keys_to_open(rows: Iterable[dict[str, Any]]) -> set[KeyName]:
    """The keys of the sealed facts of these referrals, as `load_case` gives them."""
    return {
        (holder[0], data_class)
        for row in rows
        for holder, place in _places(row)
        for data_class in sealed_classes(place["facts"])
    }


def open_facts(rows: Iterable[dict[str, Any]], keys: Mapping[KeyName, bytes]) -> OpenedFacts:
    """Put facts in clear in place of sealed ones, in referrals as `load_case` gives them."""
    ciphers = FactCiphers(keys)
    known: dict[Holder, Mapping[str, tuple[Any, Any]]] = {}
    for row in rows:
        for holder, place in _places(row):
            stored = place["facts"]
            place["facts"] = opened = ciphers.open_all(holder, stored)
            known[holder] = {n: (v, stored[n]) for n, v in opened.items() if is_sealed(stored[n])}
    return OpenedFacts(keys, known)


def _places(row: dict[str, Any]) -> Iterator[tuple[Holder, dict[str, Any]]]:
    """Where a referral of `load_case` holds facts."""
    referral_id = UUID(row["id"])
    yield (referral_id, ""), row
    for party in row["parties"]:
        yield (referral_id, party["agency_id"]), party["view"]


def rows_with_facts(rows: Mapping[str, Any]) -> Iterator[tuple[Holder, dict[str, Any]]]:
    """Where the rows that `write_case` takes hold facts."""
    for referral in rows["referrals"]:
        yield (UUID(referral["id"]), ""), referral
    for party in rows["parties"]:
        yield (UUID(party["referral_id"]), party["agency_id"]), party["view"]


def classes_to_seal(
    rows: Mapping[str, Any], erased: Mapping[UUID, frozenset[str]], opened: OpenedFacts
) -> dict[UUID, list[str]]:
    """The classes whose keys are needed to seal the facts of rows that `write_case` takes.

    Facts of an erased class are removed from the rows: they must not get a new key.
    """
    classes: dict[UUID, list[str]] = {}
    for holder, place in rows_with_facts(rows):
        gone = erased.get(holder[0], frozenset())
        place["facts"] = {
            name: value
            for name, value in place["facts"].items()
            if FACTS[name] is _CLEAR or FACTS[name] not in gone
        }
        for name, value in place["facts"].items():
            if FACTS[name] is not _CLEAR and opened.unchanged(holder, name, value) is None:
                classes.setdefault(holder[0], []).append(FACTS[name])
    return classes


def seal_facts(rows: Mapping[str, Any], keys: Mapping[KeyName, bytes], opened: OpenedFacts) -> None:
    """Put sealed facts in place of those in clear, in rows that `write_case` takes."""
    ciphers = FactCiphers(keys)
    for referral in rows["referrals"]:
        referral["facts_sealed"] = True
    for holder, place in rows_with_facts(rows):
        for name, value in place["facts"].items():
            if FACTS[name] is not _CLEAR:
                stored = opened.unchanged(holder, name, value)
                place["facts"][name] = stored or ciphers.seal(holder, name, value)


def _binding(holder: Holder, data_class: str, name: str) -> bytes:
    """What a sealed fact is bound to: referral, holder, class and name."""
    return holder[0].bytes + "\0".join(("fact", data_class, name, holder[1])).encode()
