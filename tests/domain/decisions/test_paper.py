"""Who keys in what an agency without access wrote on paper."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from app.domain.directory.agencies import Directory
from app.domain.errors import IllegalMove, Invalid, NotYourStep
from app.domain.flows import FLOWS
from app.domain.messages.message import PaperOrigin
from app.domain.state_machine.pages import matrix
from app.domain.state_machine.table import Flow
from tests.domain.consents.test_own_access import defence, on_paper, suspect
from tests.support import cases
from tests.support.cases import REQUESTED, SHORT, Play, regional, special

PAPER = PaperOrigin(date(2026, 11, 20), "fax", "5" * 64)


def without_access(
    monkeypatch: pytest.MonkeyPatch, *names: str, connected: bool = False, disabled: bool = False
) -> None:
    """From now on these agencies are not connected, or switched off."""
    ids = {SHORT[name] for name in names}
    known = cases.DIRECTORY.agencies
    changed = [
        replace(a, connected=connected, disabled=disabled) if a.id in ids else a for a in known
    ]
    monkeypatch.setattr(cases, "DIRECTORY", Directory.of(changed))


def accepted_coordination() -> Play:
    """A regional coordination that was accepted: the play's main referral."""
    play, child = regional()
    play.main = child
    play.run("center27 acknowledge\ncenter27 accept")
    return play


def refused(play: Play, line: str, **changes: Any) -> NotYourStep:
    before = play.case
    with pytest.raises(NotYourStep) as refusal:
        play.send(line, envelope={"paper_origin": PAPER}, **changes)
    assert play.case is before
    assert refusal.value.facts["seat"] == "decider"
    return refusal.value


@pytest.mark.parametrize(
    ("event", "changes"),
    [
        ("transfer_institution institution=prison27", {}),
        ("released", {}),
        ("change_custody", {}),
        ("die", {}),
        ("decline", {}),
        ("withdraw_consent", {}),
    ],
)
def test_a_center_keys_in_nothing_that_a_prison_without_access_could_take_away(
    event: str, changes: dict[str, Any]
) -> None:
    play = on_paper()
    assert refused(play, f"center {event}", **changes).facts["by"] == ["probation_office"]
    refused(play, f"probation~ {event}", **changes)
    if " " in event:
        return
    play.send(f"probation {event}", envelope={"paper_origin": PAPER}, **changes)


def test_the_office_keys_in_that_a_prison_without_access_hands_its_part_on() -> None:
    play = on_paper()
    envelope = {"to": {"institution": "prison-osaka"}, "paper_origin": PAPER}
    play.send("probation transfer_institution", envelope=envelope)
    assert play.case.referrals[play.main].party_of("prison-osaka").active


@pytest.mark.parametrize(
    ("begun", "absent", "keyer", "decides", "event"),
    [
        (suspect, "prosecutor", "center", "probation", "release_disposition"),
        (suspect, "prosecutor", "center", "probation", "indict"),
        (defence, "bar", "probation", "center", "change_custody"),
        (defence, "bar", "probation", "center", "die"),
    ],
)
def test_only_the_deciding_party_keys_in_the_paper_of_a_prosecutor_or_of_counsel(
    monkeypatch: pytest.MonkeyPatch,
    begun: Callable[[], Play],
    absent: str,
    keyer: str,
    decides: str,
    event: str,
) -> None:
    play = begun()
    without_access(monkeypatch, absent)
    refused(play, f"{keyer} {event}")
    play.send(f"{decides} {event}", envelope={"paper_origin": PAPER})


def test_a_center_does_not_key_in_that_the_other_one_without_access_gives_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here the lead decides: it keys in what the asked center wrote, not the other way round."""
    play = accepted_coordination()
    without_access(monkeypatch, "center27")
    refused(play, "center~ return_case")
    play.send("center return_case", envelope={"paper_origin": PAPER})
    assert play.state() == "closed"


@pytest.mark.parametrize("event", ["die", "change_custody", "released"])
def test_where_the_deciding_party_has_no_access_any_decider_keys_in(
    monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    play = on_paper()
    without_access(monkeypatch, "probation")
    assert refused(play, f"center~ {event}").facts["by"] == ["center"]
    play.send(f"center {event}", envelope={"paper_origin": PAPER})


def test_what_the_deciding_party_without_access_wrote_is_keyed_in_by_a_decider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    play = special(REQUESTED)
    without_access(monkeypatch, "probation")
    refused(play, "center~ withdraw_request")
    play.send("center withdraw_request", envelope={"paper_origin": PAPER})
    assert play.state() == "closed"


@pytest.mark.parametrize("event", ["change_custody", "released"])
def test_paper_that_tells_of_custody_needs_a_scan_and_other_paper_none(event: str) -> None:
    play = on_paper()
    unseen = {"paper_origin": replace(PAPER, scan_sha256=None)}
    with pytest.raises(Invalid) as refusal:
        play.send(f"probation {event}", envelope=unseen)
    pointed = {"pointer": "/paper_origin/scan_sha256", "reason": "required"}
    assert refusal.value.facts["errors"] == [pointed]
    play.send("center~ record_consent", envelope=unseen, consent_id=str(uuid4()))


def test_the_refusal_is_the_same_in_whatever_state_the_referral_is() -> None:
    """A center that was not told of a step learns nothing of it by keying in paper."""
    answers = []
    for more in ("", "probation die", "probation close"):
        play = on_paper()
        view = play.case.referrals[play.main].party_of(SHORT["center"]).view
        if more:
            play.send(more)
        # As if the center had not been told.
        referral = play.case.referrals[play.main]
        parties = tuple(
            replace(p, view=view) if p.agency_id == SHORT["center"] else p for p in referral.parties
        )
        play.case = play.case.with_referral(replace(referral, parties=parties))
        answers.append(refused(play, "center die").facts)
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_the_table_says_of_each_row_who_keys_it_in(flow: Flow) -> None:
    rows = {(row["type"], row["on_paper"]) for row in matrix(flow)}
    by_service = {t for t, keyer in rows if keyer is None}
    assert by_service.isdisjoint(t for t, keyer in rows if keyer)
    guarded = {t.partition(".")[2] for t, keyer in rows if keyer == "deciding"}
    assert guarded >= {"die", "decline", "withdraw_consent", "close", "change_custody", "accept"}
    assert not guarded & {"record_consent", "query", "visit", "interview"}


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_the_deciding_party_receives_whatever_it_alone_may_key_in(flow: Flow) -> None:
    """Or nobody could key it in."""
    for row in matrix(flow):
        if row["on_paper"] == "deciding":
            told = {reader["party"] for reader in row["readers"]} | set(row["by"])
            assert flow.deciding in {*told, "lead"}, (row["from"], row["type"])


def test_paper_of_an_agency_that_was_switched_off_is_keyed_in_like_that_of_one_without_access(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    play = special(REQUESTED)
    without_access(monkeypatch, "prison", connected=True, disabled=True)
    refused(play, "center die")
    play.send("probation die", envelope={"paper_origin": PAPER})
    play.send("probation retract_death")
    without_access(monkeypatch, "probation", connected=True, disabled=True)
    play.send("prison withdraw_consent")
    play.send("center confirm_withdrawal", envelope={"paper_origin": PAPER})
    assert play.state() == "closed"


def test_no_case_is_opened_by_the_paper_of_an_agency_that_was_switched_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_access(monkeypatch, "prison", connected=True, disabled=True)
    to = {"institution": SHORT["prison"]}
    with pytest.raises(Invalid):
        Play("special_adjustment", "probation notify_candidate", to=to, paper_origin=PAPER)


STOPPED = {
    "decline": ("retract_decline", "confirm_decline"),
    "die": ("retract_death", "confirm_death"),
}


@pytest.mark.parametrize("event", STOPPED)
@pytest.mark.parametrize("keyer", ["center", "prison"])
@pytest.mark.parametrize("also_off", [(), ("other",)], ids=["alone", "with another"])
def test_what_the_deciding_party_stopped_is_undone_as_it_is_confirmed_where_it_has_no_access(
    monkeypatch: pytest.MonkeyPatch, event: str, keyer: str, also_off: tuple[str, ...]
) -> None:
    """Whoever can end a case with the office's paper can also set it going with it."""
    other = "prison" if keyer == "center" else "center"
    for answer, state in zip(STOPPED[event], ("assessing", "closed"), strict=True):
        play = special(cases.ASSESSING)
        play.send(f"probation {event}")
        with monkeypatch.context() as off:
            without_access(off, "probation", *([other] if also_off else []), disabled=True)
            with pytest.raises((NotYourStep, IllegalMove)):
                play.send(f"{keyer} {answer}")  # In its own name it decides nothing.
            refused(play, f"{keyer}~ {answer}")
            assert play.send(f"{keyer} {answer}", envelope={"paper_origin": PAPER}) == state


@pytest.mark.parametrize("event", STOPPED)
def test_what_a_lead_without_access_stopped_is_undone_or_confirmed_on_paper(
    monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    for answer, state in zip(STOPPED[event], ("accepted", "closed"), strict=True):
        play = accepted_coordination()
        play.send(f"center {event}")
        with monkeypatch.context() as off:
            without_access(off, "center", disabled=True)
            assert play.send(f"center27 {answer}", envelope={"paper_origin": PAPER}) == state


def test_paper_of_another_than_the_deciding_party_undoes_nothing_that_it_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    play = special(cases.ASSESSING)
    play.send("probation decline")
    without_access(monkeypatch, "prison")
    with pytest.raises(NotYourStep):
        play.send("center retract_decline", envelope={"paper_origin": PAPER})
    assert play.state() == "decline_pending"
