"""What is listed of a consent changes only for whoever is notified, or has sent it."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.domain.messages.payloads.samples import CONSENT_ID, CONSENT_REGIONAL_ID
from tests.adapters.consents.test_withdrawal import inbox
from tests.support.office import Office, saying
from tests.support.play import CENTER, OTHER_CENTER, PRISON, PROBATION, hand_over, send

ABOVE, BELOW = "special_adjustment", "regional_coordination"
TAKEN = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
EVERYBODY = (PRISON, PROBATION, CENTER, OTHER_CENTER)
CHANGED = "consent.changed"


class Played:
    """A special adjustment with a regional coordination below it."""

    def __init__(self, office: Office, parent: UUID, child: UUID) -> None:
        self.office, self.parent, self.child = office, parent, child

    async def above(self, who: str, event: str, **body: Any) -> str:
        """Send this in the parent."""
        await send(self.office, who, saying(f"{ABOVE}.{event}", self.parent, body))
        return who

    async def below(self, who: str, event: str, **body: Any) -> str:
        """Send this in the child."""
        await send(self.office, who, saying(f"{BELOW}.{event}", self.child, body))
        return who

    async def claim_of_other(self) -> str:
        """A claim of the other center, recorded in the child."""
        consent = str(uuid4())
        await self.below(
            OTHER_CENTER, "record_consent", consent_id=consent, recipients=[OTHER_CENTER]
        )
        return consent

    async def end_below(self) -> None:
        """End the child; the parent goes on."""
        await self.below(CENTER, "withdraw")

    async def listed(self) -> dict[str, str]:
        """What each agency is listed of the consents of the case."""
        case = "SELECT case_id FROM referral WHERE id = $1"
        case_id = await self.office.owner.fetchval(case, self.parent)
        shown = {}
        for agency in EVERYBODY:
            consents = await self.office.consents.of_case(agency, case_id, None, 100)
            shown[agency] = repr(consents)
        return shown

    async def heads(self) -> dict[str, int]:
        """The last position of each inbox."""
        return {a: (await self.office.inboxes.status(a))["head"] for a in EVERYBODY}

    async def arrived(self, agency: str, since: int) -> list[tuple[str, str]]:
        """What has arrived in an inbox since this position: kind and referral."""
        items = await inbox(self.office, agency, self.parent, self.child)
        return [(i["kind"], i["referral_id"]) for i in items if i["position"] > since]


Change = Callable[[Played], Awaitable[str]]
"""Does what changes the consents; who sent it."""


async def refused_above(play: Played) -> Change:
    """A claim that was recorded in the child is refused in the parent."""
    claim = await play.claim_of_other()
    return lambda p: p.above(PROBATION, "refuse_consent", consent_id=claim)


async def refused_above_after_the_end(play: Played) -> Change:
    """The same, when the child has ended."""
    claim = await play.claim_of_other()
    await play.end_below()
    return lambda p: p.above(PROBATION, "refuse_consent", consent_id=claim)


async def confirmed_above_after_the_end(play: Played) -> Change:
    """A claim of a child that has ended is confirmed."""
    claim = await play.claim_of_other()
    await play.end_below()
    return lambda p: p.above(PROBATION, "confirm_consent", consent_id=claim)


async def withdrawn_above_while_suspended(play: Played) -> Change:
    """What the child rests on is withdrawn in the parent while the child is suspended by itself."""
    await play.below(OTHER_CENTER, "withdraw_consent")
    return lambda p: p.above(PROBATION, "withdraw_consent", consent_ids=[CONSENT_REGIONAL_ID])


async def withdrawn_above_after_the_end(play: Played) -> Change:
    """The same, when the child has ended."""
    await play.end_below()
    return lambda p: p.above(PROBATION, "withdraw_consent", consent_ids=[CONSENT_REGIONAL_ID])


async def withdrawn_in_part_while_suspended(play: Played) -> Change:
    """A class is withdrawn in the parent while the child is suspended by itself."""
    await play.below(OTHER_CENTER, "withdraw_consent")
    return lambda p: p.above(PROBATION, "withdraw_consent", withdrawn_items=["C4"])


async def withdrawn_once_more(play: Played) -> Change:
    """The rest is withdrawn while both are suspended."""
    await play.above(PROBATION, "withdraw_consent", withdrawn_items=["C4"])
    return lambda p: p.above(PROBATION, "withdraw_consent")


async def withdrawn_of_the_child_above(play: Played) -> Change:
    """A withdrawal of everything in the parent takes what was recorded in a child that ended."""
    await play.claim_of_other()
    await play.end_below()
    return lambda p: p.above(PROBATION, "withdraw_consent")


async def retracted_while_it_goes_on(play: Played) -> Change:
    """A withdrawal is retracted when parent and child go on already."""
    await play.above(PROBATION, "withdraw_consent")
    both = {"recipients": [CENTER, OTHER_CENTER], "purpose": "regional", "item_classes": ["C1"]}
    await play.above(PROBATION, "renew_consent", consent_id=str(uuid4()), **both)
    taken = [CONSENT_ID, CONSENT_REGIONAL_ID]
    return lambda p: p.above(PROBATION, "retract_withdrawal", consent_ids=taken)


async def retracted_while_it_stays(play: Played) -> Change:
    """A withdrawal is retracted while the child stays suspended by itself."""
    await play.below(OTHER_CENTER, "withdraw_consent")
    await play.above(PROBATION, "withdraw_consent", consent_ids=[CONSENT_REGIONAL_ID])
    taken = [CONSENT_REGIONAL_ID]
    return lambda p: p.above(PROBATION, "retract_withdrawal", consent_ids=taken)


TOLD_BELOW = [
    refused_above,
    refused_above_after_the_end,
    confirmed_above_after_the_end,
    withdrawn_above_while_suspended,
    withdrawn_above_after_the_end,
    withdrawn_in_part_while_suspended,
    withdrawn_once_more,
    withdrawn_of_the_child_above,
    retracted_while_it_goes_on,
    retracted_while_it_stays,
]


async def withdrawn_from_below_while_suspended(play: Played) -> Change:
    """A party of both withdraws by name in the child, while the parent is suspended."""
    await play.above(PROBATION, "withdraw_consent", consent_ids=[CONSENT_ID])
    return lambda p: p.below(CENTER, "withdraw_consent", consent_ids=[CONSENT_REGIONAL_ID])


async def changed(
    play: Played, prepare: Callable[[Played], Awaitable[Change]]
) -> tuple[set[str], dict[str, list[tuple[str, str]]]]:
    """Whose list a change changes but its sender's, and what arrives for each."""
    change = await prepare(play)
    before, heads = await play.listed(), await play.heads()
    sender = await change(play)
    after = await play.listed()
    arrived = {a: await play.arrived(a, heads[a]) for a in EVERYBODY}
    return {a for a in EVERYBODY if before[a] != after[a]} - {sender}, arrived


@pytest.mark.parametrize("prepare", TOLD_BELOW, ids=lambda each: each.__name__)
async def test_a_change_that_no_message_tells_a_child_of_is_notified_there(
    office: Office, prepare: Callable[[Played], Awaitable[Change]]
) -> None:
    play = Played(office, *await hand_over(office, *TAKEN))
    differing, arrived = await changed(play, prepare)
    assert OTHER_CENTER in differing
    assert [agency for agency in differing if not arrived[agency]] == []
    assert arrived[OTHER_CENTER] == [(CHANGED, str(play.child))]
    assert CHANGED not in {kind for a in (PRISON, PROBATION, CENTER) for kind, _ in arrived[a]}


async def test_a_change_from_below_is_notified_to_whoever_knows_the_consent_above(
    office: Office,
) -> None:
    play = Played(office, *await hand_over(office, *TAKEN))
    differing, arrived = await changed(play, withdrawn_from_below_while_suspended)
    assert PROBATION in differing
    assert [agency for agency in differing if not arrived[agency]] == []
    assert arrived[PROBATION] == [(CHANGED, str(play.parent))]


async def test_whoever_does_not_know_a_consent_is_notified_of_nothing(office: Office) -> None:
    play = Played(office, *await hand_over(office, *TAKEN))
    hidden = str(uuid4())
    await play.above(PROBATION, "record_consent", consent_id=hidden, recipients=[PROBATION])
    await play.below(OTHER_CENTER, "withdraw_consent")

    async def prepare(_: Played) -> Change:
        return lambda p: p.above(PROBATION, "withdraw_consent", consent_ids=[hidden])

    differing, arrived = await changed(play, prepare)
    assert OTHER_CENTER not in differing
    assert arrived[OTHER_CENTER] == []


async def test_what_changes_nothing_is_not_notified(office: Office) -> None:
    play = Played(office, *await hand_over(office, *TAKEN))
    await play.above(PROBATION, "withdraw_consent", consent_ids=[CONSENT_REGIONAL_ID])

    async def prepare(_: Played) -> Change:
        return lambda p: p.above(PROBATION, "withdraw_consent", consent_ids=[CONSENT_REGIONAL_ID])

    differing, arrived = await changed(play, prepare)
    assert OTHER_CENTER not in differing
    assert arrived[OTHER_CENTER] == []
