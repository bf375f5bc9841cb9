"""How the messages of a case are divided into bundles."""

from uuid import UUID, uuid4

from app.domain.evidence.bundle import MOST_MESSAGES
from app.domain.evidence.parts import MOST_CONTENT, BundlePart, MessageSize, fits, parts

FIRST, SECOND = uuid4(), uuid4()


def run(referral: UUID, sizes: list[int]) -> list[MessageSize]:
    """Messages of one referral, numbered from 1, with these bytes of content."""
    return [MessageSize(referral, n, uuid4(), size) for n, size in enumerate(sizes, 1)]


def test_one_bundle_holds_so_many_bytes_and_no_more() -> None:
    half = MOST_CONTENT // 2
    assert fits(run(FIRST, [half, half]))
    assert not fits(run(FIRST, [half, half, 1]))
    assert parts(run(FIRST, [half, half, 1])) == [BundlePart(FIRST, 1, 2), BundlePart(FIRST, 3, 3)]


def test_one_bundle_holds_so_many_messages_and_no_more() -> None:
    many = run(FIRST, [1] * (MOST_MESSAGES + 1))
    assert fits(many[:-1])
    assert not fits(many)
    assert parts(many) == [
        BundlePart(FIRST, 1, MOST_MESSAGES),
        BundlePart(FIRST, MOST_MESSAGES + 1, MOST_MESSAGES + 1),
    ]


def test_a_message_that_is_larger_than_all_the_rest_comes_alone() -> None:
    sizes = [1, MOST_CONTENT + 1, 1]
    assert fits(run(FIRST, sizes[1:2]))
    assert parts(run(FIRST, sizes)) == [BundlePart(FIRST, n, n) for n in (1, 2, 3)]


def test_a_part_is_of_one_referral() -> None:
    both = [*run(FIRST, [1, 1]), *run(SECOND, [1])]
    assert parts(both) == [BundlePart(FIRST, 1, 2), BundlePart(SECOND, 1, 1)]
