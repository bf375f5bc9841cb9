"""Which class of data a deadline tells, as the database holds it."""

from collections.abc import Iterator

from app.domain.messages.facts import DEADLINES, FACTS


def deadline_kinds() -> Iterator[tuple[str, str]]:
    """Rows of `deadline_kind`: a deadline is of the class of the fact that it comes from."""
    for kind in DEADLINES:
        yield kind, FACTS[kind].value
