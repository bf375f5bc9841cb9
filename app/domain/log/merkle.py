"""The Merkle tree of RFC 9162 §2.1: roots, and proofs that a stranger checks again.

A leaf is counted from 0. A *node* is the hash over a complete subtree: `Node(level, number)` covers
the 2^level leaves from number·2^level. Nodes never change once they are there, so they can be
stored; what lies over an incomplete subtree is folded from them. A proof needs O(log n) nodes, and
which ones is known from the numbers alone: they can be asked for in one question.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

HASH = 32
"""Bytes of a hash: SHA-256."""

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""


class Node(NamedTuple):
    """A complete subtree: the 2^level leaves from number·2^level. At level 0 it is a leaf."""

    level: int
    number: int


NodeHashes: TypeAlias = Callable[[Node], bytes]
"""Gives the hash of a node that is complete."""

Parts: TypeAlias = list[Node]
"""The complete subtrees of one hash of a proof, from left to right: `fold` makes them one."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: SHA-256(0x00 ‖ data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees: SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The hash over neighbouring complete subtrees, each larger than the next."""
    if not hashes:
        return EMPTY_ROOT
    result = hashes[-1]
    for left in reversed(hashes[:-1]):
        result = node_hash(left, result)
    return result


def cover(start: int, end: int) -> Parts:
    """The complete subtrees that make up the leaves from `start` up to, without, `end`.

    Args:
        start: a multiple of the largest power of two that fits in between.
        end: not before `start`.
    """
    nodes: Parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


@dataclass(slots=True)
class Frontier:
    """The complete subtrees of a tree that grows, from left to right: all that growing needs."""

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> list[tuple[Node, bytes]]:
        """Add a leaf's hash, and say which nodes above the leaves became complete by it."""
        completed = []
        level, number, top = 0, self.size, leaf
        while number & 1:
            top = node_hash(self.hashes.pop(), top)
            level, number = level + 1, number >> 1
            completed.append((Node(level, number), top))
        self.hashes.append(top)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """The root of the tree as it stands."""
        return fold(self.hashes)


def root(size: int, node: NodeHashes) -> bytes:
    """The root of the first `size` leaves."""
    return fold([node(part) for part in cover(0, size)])


def inclusion_parts(index: int, size: int) -> list[Parts]:
    """What the path of leaf `index` in the tree of `size` leaves consists of, from the leaf up.

    Raises:
        ValueError: there is no such leaf in that tree.
    """
    if not 0 <= index < size:
        raise ValueError("the leaf is not in the tree")
    parts = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            parts.append(cover(middle, end))
            end = middle
        else:
            parts.append(cover(start, middle))
            start = middle
    return parts[::-1]


def inclusion_path(index: int, size: int, node: NodeHashes) -> list[bytes]:
    """The inclusion proof of RFC 9162 §2.1.3.1.

    Raises:
        ValueError: there is no such leaf in that tree.
    """
    return _fold_each(inclusion_parts(index, size), node)


def consistency_parts(old: int, new: int) -> list[Parts]:
    """What the proof consists of that the tree of `new` leaves begins with that of `old`.

    Empty where there is nothing to show: equal sizes, or an old tree without leaves.

    Raises:
        ValueError: the old tree is larger.
    """
    if not 0 <= old <= new:
        raise ValueError("the old tree is larger than the new one")
    parts: list[Parts] = []
    start, end = 0, new
    if old == 0:
        return parts
    while old < end:
        middle = start + _split(end - start)
        if old <= middle:
            parts.append(cover(middle, end))
            end = middle
        else:
            parts.append(cover(start, middle))
            start = middle
    # The old tree itself is known to whoever asks; a part of it is not.
    if start:
        parts.append(cover(start, end))
    return parts[::-1]


def consistency_path(old: int, new: int, node: NodeHashes) -> list[bytes]:
    """The consistency proof of RFC 9162 §2.1.4.1.

    Raises:
        ValueError: the old tree is larger.
    """
    return _fold_each(consistency_parts(old, new), node)


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes
) -> bool:
    """Whether `path` shows that `leaf` is leaf `index` of the tree of that size and root.

    RFC 9162 §2.1.3.2.
    """
    if not 0 <= index < size or not _are_hashes([leaf, *path]):
        return False
    at, last, result = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            result = node_hash(sibling, result)
            shift = _trailing_zeros(at) if not at & 1 else 0
            at, last = at >> shift, last >> shift
        else:
            result = node_hash(result, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and result == expected


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether `path` shows that the tree of `new` leaves begins with the tree of `old`.

    RFC 9162 §2.1.4.2; a tree without leaves is the beginning of every tree.
    """
    if not 0 <= old <= new or not _are_hashes([old_root, new_root, *path]):
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    return _roots_from_path(old, new, path, old_root) == (old_root, new_root)


def _roots_from_path(
    old: int, new: int, path: Sequence[bytes], old_root: bytes
) -> tuple[bytes, bytes] | None:
    """The roots of both trees as `path` gives them, if it has the right length."""
    # The old tree, if it is one complete subtree, is left out of the path.
    hashes = list(path) if old & (old - 1) else [old_root, *path]
    at, last = old - 1, new - 1
    shift = _trailing_zeros(~at)
    at, last = at >> shift, last >> shift
    if not hashes:
        return None
    first = second = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return None
        if at & 1 or at == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            shift = _trailing_zeros(at) if not at & 1 else 0
            at, last = at >> shift, last >> shift
        else:
            second = node_hash(second, sibling)
        at, last = at >> 1, last >> 1
    return (first, second) if last == 0 else None


def _split(width: int) -> int:
    """The largest power of two below `width`, which is at least 2."""
    return 1 << ((width - 1).bit_length() - 1)


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1 if number else 0


def _fold_each(parts: Iterable[Parts], node: NodeHashes) -> list[bytes]:
    return [fold([node(each) for each in part]) for part in parts]


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH for value in values)
