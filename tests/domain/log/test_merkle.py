"""The tree of the log is RFC 9162's: held to the published vectors, the text, and a library."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from app.domain.log.merkle import (
    EMPTY_ROOT,
    Frontier,
    Node,
    consistency_parts,
    consistency_path,
    inclusion_parts,
    inclusion_path,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

# The published vectors of Certificate Transparency's reference implementation (RFC 6962).
INPUTS = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): INCLUSION[(0, 8)],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}

MOST = 600
sizes = st.integers(1, MOST)


class Tree:
    """A tree that keeps its nodes, as the database does."""

    def __init__(self, data: list[bytes]) -> None:
        self.frontier = Frontier()
        self.nodes: dict[Node, bytes] = {}
        for index, each in enumerate(data):
            leaf = leaf_hash(each)
            self.nodes[Node(0, index)] = leaf
            self.nodes.update(self.frontier.append(leaf))

    def root(self, size: int) -> bytes:
        return root(size, self.nodes.__getitem__)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return inclusion_path(index, size, self.nodes.__getitem__)

    def consistency(self, old: int, new: int) -> list[bytes]:
        return consistency_path(old, new, self.nodes.__getitem__)


def content(count: int) -> list[bytes]:
    return [f"entry {index}".encode() for index in range(count)]


@cache
def grown() -> Tree:
    return Tree(content(MOST))


@cache
def library() -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    tree.append_entries(content(MOST))
    return tree


def hexed(path: list[bytes]) -> list[str]:
    return [each.hex() for each in path]


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_the_roots_are_the_published_ones(size: int) -> None:
    tree = Tree([bytes.fromhex(each) for each in INPUTS[:size]])
    assert tree.frontier.root().hex() == ROOTS[size]
    assert tree.root(size).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_the_inclusion_proofs_are_the_published_ones(index: int, size: int) -> None:
    tree = Tree([bytes.fromhex(each) for each in INPUTS])
    assert hexed(tree.inclusion(index, size)) == INCLUSION[(index, size)]


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_the_consistency_proofs_are_the_published_ones(old: int, new: int) -> None:
    tree = Tree([bytes.fromhex(each) for each in INPUTS])
    assert hexed(tree.consistency(old, new)) == CONSISTENCY[(old, new)]


@given(st.integers(0, MOST))
def test_roots_are_those_of_the_library(size: int) -> None:
    assert grown().root(size) == library().get_root(size)


@given(sizes, st.data())
def test_inclusion_proofs_are_those_of_the_library_and_verify(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = grown().inclusion(index, size)
    # The library counts leaves from 1 and begins with the leaf itself.
    assert [grown().nodes[Node(0, index)], *path] == library().prove_inclusion(index + 1, size).path
    leaf = grown().nodes[Node(0, index)]
    assert verify_inclusion(leaf, index, size, path, library().get_root(size))


@given(sizes, st.data())
def test_consistency_proofs_are_those_of_the_text_and_verify(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    path = grown().consistency(old, new)
    leaves = [leaf_hash(each) for each in content(new)]
    assert path == subproof(old, leaves, whole=True)
    assert verify_consistency(old, new, library().get_root(old), library().get_root(new), path)


def subproof(old: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b), word for word as RFC 9162 §2.1.4.1 has it."""
    if old == len(leaves):
        return [] if whole else [tree_hash(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if old <= k:
        return [*subproof(old, leaves[:k], whole=whole), tree_hash(leaves[k:])]
    return [*subproof(old - k, leaves[k:], whole=False), tree_hash(leaves[:k])]


def tree_hash(leaves: list[bytes]) -> bytes:
    """MTH(D[n]) over hashes of leaves, as RFC 9162 §2.1.1 has it."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(tree_hash(leaves[:k]), tree_hash(leaves[k:]))


@given(sizes, st.data())
def test_a_changed_inclusion_proof_fails(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaf, path, head = (
        grown().nodes[Node(0, index)],
        grown().inclusion(index, size),
        grown().root(size),
    )
    assert not verify_inclusion(flipped(leaf), index, size, path, head)
    assert not verify_inclusion(leaf, index, size, path, flipped(head))
    assert not verify_inclusion(leaf, index, size, [*path, leaf], head)
    assert not verify_inclusion(leaf, size, size, path, head)
    assert not verify_inclusion(leaf, -1, size, path, head)
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        assert not verify_inclusion(leaf, index, size, path[:at] + path[at + 1 :], head)
        changed = [*path[:at], flipped(path[at]), *path[at + 1 :]]
        assert not verify_inclusion(leaf, index, size, changed, head)
        assert not verify_inclusion(leaf, index, size, [*path[:-1], path[-1][:31]], head)
        assert not verify_inclusion(leaf, (index + 1) % size, size, path, head)


@given(st.integers(2, MOST), st.data())
def test_a_changed_consistency_proof_fails(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new - 1))
    path, before, after = grown().consistency(old, new), grown().root(old), grown().root(new)
    assert not verify_consistency(old, new, flipped(before), after, path)
    assert not verify_consistency(old, new, before, flipped(after), path)
    assert not verify_consistency(old, new, before, after, [*path, before])
    assert not verify_consistency(new, old, after, before, path)
    at = data.draw(st.integers(0, len(path) - 1))
    assert not verify_consistency(old, new, before, after, path[:at] + path[at + 1 :])
    changed = [*path[:at], flipped(path[at]), *path[at + 1 :]]
    assert not verify_consistency(old, new, before, after, changed)


def flipped(digest: bytes) -> bytes:
    return bytes([digest[0] ^ 1]) + digest[1:]


def test_every_tree_begins_with_the_empty_one() -> None:
    assert consistency_path(0, 7, grown().nodes.__getitem__) == []
    assert verify_consistency(0, 7, EMPTY_ROOT, grown().root(7), [])
    assert not verify_consistency(0, 7, grown().root(1), grown().root(7), [])
    assert verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_a_leaf_that_is_not_there_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in the tree"):
        inclusion_parts(index, size)


@pytest.mark.parametrize(("old", "new"), [(4, 3), (-1, 3)])
def test_a_tree_does_not_shrink(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="larger"):
        consistency_parts(old, new)


@given(st.integers(1, 2**40), st.data())
def test_a_proof_in_a_large_tree_needs_few_nodes(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    most = size.bit_length()
    assert len(inclusion_parts(index, size)) <= most
    assert sum(map(len, inclusion_parts(index, size))) <= 2 * most
    assert len(consistency_parts(index, size)) <= most + 1
    assert sum(map(len, consistency_parts(index, size))) <= 3 * most
