"""Who may correct a message."""

import pytest

from app.domain.errors import NotYourStep
from tests.support.cases import ASSESSING, Play, special


def of_type(play: Play, event: str) -> tuple[object, ...]:
    """The ids of the messages of an event."""
    return tuple(i for i, m in play.messages.items() if m.type.endswith(f".{event}"))


@pytest.mark.parametrize(
    ("line", "sender", "by"),
    [
        ("prison change_custody", "institution", ("probation",)),
        ("probation decline", "probation_office", ("prison", "center")),
        ("center decline", "center", ("prison", "probation")),
    ],
)
def test_whoever_corrects_anothers_message_is_told_whose_it_is(
    line: str, sender: str, by: tuple[str, ...]
) -> None:
    play = special(ASSESSING)
    play.send(line)
    event = line.split()[1]
    (sent,) = of_type(play, event)
    for who in by:
        with pytest.raises(NotYourStep) as refused:
            play.send(f"{who} {event}", envelope={"corrects": sent})
        assert refused.value.facts["by"] == [sender]
