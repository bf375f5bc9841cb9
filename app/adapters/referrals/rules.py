"""The data class of each kind of deadline, as the database holds it."""

from collections.abc import Iterator

from app.domain.messages.facts import DEADLINES, FACTS


def deadline_kinds() -> Iterator[tuple[str, str]]:
    """Rows of `deadline_kind`: a deadline has the class of the fact that it comes from."""
    for kind in DEADLINES:
        yield kind, FACTS[kind].value
