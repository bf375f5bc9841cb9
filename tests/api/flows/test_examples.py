"""Each published example, sent as it is printed to the running service, is accepted there.

What goes before it is what a client with the contract alone found, and is printed too.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient

from app.domain.cases.case import SYSTEM
from app.domain.flows import FLOWS
from tests.api.flows.walker import PUBLISHED, Sending, Walk

Speak = Callable[..., Awaitable[AsyncClient]]
Readers = Mapping[str, frozenset[str]]
"""The classes that each agency opens, by its id."""


def sendable(name: str) -> set[str]:
    """The types of a flow that an agency can send."""
    return {row["type"] for row in PUBLISHED[name]["matrix"] if row["by"] != [SYSTEM]}


def paths_to_examples(name: str) -> Iterator[tuple[Sending, ...]]:
    """What to send so that each example of a flow is sent as it is printed, the longest first."""
    walk, covered = Walk(name), set[str]()
    for _ in walk.places():
        if sendable(name) <= walk.printed.keys():
            break
    for message_type, path in sorted(walk.printed.items(), key=lambda each: -len(each[1])):
        if message_type not in covered:
            covered |= {s.message["body"]["type"] for s in path if s.is_printed}
            yield path


ORIGIN = "center-13"
"""The center that opens a regional coordination in the walk."""


class Replay:
    """Sends messages of the walk again, over HTTP, to referrals of their own."""

    def __init__(self, speak: Speak) -> None:
        self.speak = speak
        self.ids: dict[UUID, str] = {}
        self.accepted: set[str] = set()

    async def send(self, sending: Sending) -> None:
        """Send a message; if it is an example as printed, see who opens what of it."""
        message_type = sending.message["body"]["type"]
        client = await self.speak(sending.agency)
        message = {**sending.message, "id": str(uuid4())}
        opens = sending.referral not in self.ids
        if "parent" in message:
            message["parent"] = self.ids[message["parent"]]
        referral = self.ids.setdefault(sending.referral, message["id"])
        route = "/v1/referrals" if opens else f"/v1/referrals/{referral}/messages"
        is_new = sending.is_printed and message_type not in self.accepted
        rehearsed = await client.post(f"{route}?dry_run=true", json=message) if is_new else None
        answer = await client.post(route, json=message)
        assert answer.status_code == 201, (message_type, answer.text)
        if rehearsed is not None:
            self.accepted.add(message_type)
            would = rehearsed.json()["would"]
            assert would["state"] == answer.json()["state"], message_type
            readers = {each["agency_id"]: frozenset(each["classes"]) for each in would["readers"]}
            opened = dict(await self.opened(referral, message["id"], tuple(readers)))
            if message_type.startswith("regional_coordination.") and sending.agency != ORIGIN:
                # Of the consents that a part above has, the sender is told nothing.
                known = readers.pop(ORIGIN, frozenset())
                assert known <= opened.pop(ORIGIN, frozenset()), message_type
            assert opened == readers, message_type

    async def opened(self, referral: str, message: str, agencies: Sequence[str]) -> Readers:
        """The classes of a message that each of these agencies opens."""
        opened: dict[str, frozenset[str]] = {}
        for agency in agencies:
            reader = await self.speak(agency)
            answer = await reader.get(f"/v1/referrals/{referral}/messages/{message}")
            opened[agency] = frozenset(answer.json().get("salts", ()))
        return opened


@pytest.mark.parametrize("name", FLOWS)
async def test_each_example_is_accepted_as_printed_and_opened_by_whom_the_rehearsal_names(
    speak: Speak, name: str
) -> None:
    accepted: set[str] = set()
    for path in paths_to_examples(name):
        replay = Replay(speak)
        replay.accepted = accepted
        for sending in path:
            await replay.send(sending)
    assert sendable(name) <= accepted
