"""Nobody vouches for their own access: claims, exits that do not end a suspension, and paper."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.cases.case import CLOSED, NEW, Case, Referral
from app.domain.classes import ROUTING
from app.domain.consents.consent import Consent
from app.domain.directory.agencies import Directory
from app.domain.errors import GuardFailed, Invalid, NotYourStep, Refusal
from app.domain.flows import BODIES, FLOWS
from app.domain.messages.message import PaperOrigin
from app.domain.messages.payloads import samples
from tests.support import cases
from tests.support.cases import ASSESSING, NOW, REQUESTED, SHORT, Play, regional, special

SIDE = ("suspended_consent", "decline_pending", "death_reported")
PAPER = PaperOrigin(date(2026, 11, 20), "fax", "5" * 64)
CONSENTED = """
    probation answer_consultation
    prosecutor explain
    prosecutor consent
    probation ask_opinion
    prosecutor no_objection
    probation request_center
    center accept
    center visit
"""


def suspect() -> Play:
    """Support for a suspect, with a center."""
    play = Play("suspect_support", "prosecutor consult")
    play.run(CONSENTED)
    return play


def defence() -> Play:
    """A request of counsel, with a center and a probation office."""
    play = Play("defence_support", "bar inquire")
    play.run("center accept\ncenter visit\nbar give_leave")
    play.run("bar record_consent\ncenter ask_probation")
    return play


def of_its_own(who: str) -> dict[str, Any]:
    """A new consent that names whoever records it."""
    return {"consent_id": str(uuid4()), "recipients": [SHORT[who]]}


SPECIAL = "special_adjustment"


@dataclass
class Shut:
    """A party that a withdrawal has shut out, and who vouches for consents there."""

    play: Play
    referral: UUID
    who: str
    voucher: str


def shut_out(place: str) -> Shut:
    """A case in which a party could read before the person withdrew consent, and now cannot."""
    if place == "child":
        play, child = regional()
        shut = Shut(play, child, "center27", "probation")
        assert play.may_open("center27", child)
        play.send("probation withdraw_consent")
        play.run("probation renew_consent")  # The parent goes on; the child is shut out alone.
        play.send("center27 withdraw_consent", child)
    else:
        play = {"special": lambda: special(ASSESSING), "suspect": suspect}.get(place, defence)()
        who = "probation" if place == "probation in defence" else "center"
        shut = Shut(play, play.main, who, "bar" if "defence" in place else "probation")
        assert play.may_open(who)
        play.send(f"{shut.voucher} withdraw_consent")
    assert not shut.play.may_open(shut.who, shut.referral)
    return shut


PLACES = ("special", "suspect", "defence", "probation in defence", "child")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("named", ["its id", "its kind"])
@pytest.mark.parametrize("event", ["renew_consent", "record_consent"])
def test_a_consent_to_its_recorders_own_access_opens_nothing_until_it_is_confirmed(
    place: str, named: str, event: str
) -> None:
    shut = shut_out(place)
    body = of_its_own(shut.who)
    if named == "its kind":
        kind = "probation_office" if shut.who == "probation" else "settlement_center"
        body["recipients"] = [kind]
    state = shut.play.send(f"{shut.who} {event}", shut.referral, **body)
    assert state == "suspended_consent"
    assert not shut.play.may_open(shut.who, shut.referral)
    shut.play.send(f"{shut.voucher} confirm_consent", consent_id=body["consent_id"])
    assert shut.play.state(shut.referral) != "suspended_consent"
    assert shut.play.may_open(shut.who, shut.referral)


@pytest.mark.parametrize("place", PLACES)
def test_a_refused_claim_never_counts(place: str) -> None:
    shut = shut_out(place)
    body = of_its_own(shut.who)
    shut.play.send(f"{shut.who} renew_consent", shut.referral, **body)
    shut.play.send(f"{shut.voucher} refuse_consent", consent_id=body["consent_id"])
    assert not shut.play.may_open(shut.who, shut.referral)
    with pytest.raises(GuardFailed):
        shut.play.send(f"{shut.voucher} confirm_consent", consent_id=body["consent_id"])


@pytest.mark.parametrize("place", PLACES)
def test_only_a_decider_of_the_party_that_vouches_confirms(place: str) -> None:
    shut = shut_out(place)
    body = of_its_own(shut.who)
    shut.play.send(f"{shut.who} renew_consent", shut.referral, **body)
    for who in (shut.who, f"{shut.voucher}~"):
        with pytest.raises(Refusal):
            shut.play.send(f"{who} confirm_consent", consent_id=body["consent_id"])


@pytest.mark.parametrize("recorder", ["another seat", "its predecessor", "in another part"])
def test_nobody_confirms_what_it_recorded_itself(recorder: str) -> None:
    """The office keyed in the paper by which a center names itself."""
    shut = shut_out("child" if recorder == "in another part" else "special")
    body = of_its_own(shut.who)
    shut.play.send(f"{shut.who} renew_consent", shut.referral, **body)
    case = shut.play.case
    by = "probation-27" if recorder == "its predecessor" else "probation-13"
    keyed = tuple(replace(c, recorded_by=by) if c.claimed else c for c in case.consents)
    if recorder == "its predecessor":
        main = case.referrals[shut.play.main]
        former = replace(main.party_of("probation-13"), agency_id=by, until=NOW)
        case = case.with_referral(replace(main, parties=(former, *main.parties)))
    shut.play.case = replace(case, consents=keyed)
    with pytest.raises(Invalid) as refused:
        shut.play.send("probation confirm_consent", consent_id=body["consent_id"])
    pointed = {"pointer": "/body/consent_id", "reason": "own_claim"}
    assert refused.value.facts["errors"] == [pointed]
    assert not shut.play.may_open(shut.who, shut.referral)
    shut.play.send("probation refuse_consent", consent_id=body["consent_id"])


def test_the_office_does_not_confirm_the_paper_that_it_keyed_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agencies = [replace(a, connected=a.id != "center-13") for a in cases.DIRECTORY.agencies]
    monkeypatch.setattr(cases, "DIRECTORY", Directory.of(agencies))
    play = special(REQUESTED)
    body = of_its_own("center")
    play.send("probation withdraw_consent")
    play.send("probation record_consent", envelope={"paper_origin": PAPER}, **body)
    assert play.case.consents[-1].claimed
    with pytest.raises(Invalid) as refused:
        play.send("probation confirm_consent", consent_id=body["consent_id"])
    assert refused.value.facts["errors"][0]["reason"] == "own_claim"


def test_whoever_recorded_a_claim_does_not_key_in_its_confirmation_on_paper(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    play = special(ASSESSING)
    play.send("probation withdraw_consent")
    body = of_its_own("center")
    play.send("prison record_consent", **body)
    agencies = [replace(a, connected=a.id != "probation-13") for a in cases.DIRECTORY.agencies]
    monkeypatch.setattr(cases, "DIRECTORY", Directory.of(agencies))
    paper = {"paper_origin": PAPER}
    with pytest.raises(Invalid) as refused:
        play.send("prison confirm_consent", envelope=paper, consent_id=body["consent_id"])
    assert refused.value.facts["errors"][0]["reason"] == "own_claim"
    assert not play.may_open("center")


def test_a_party_that_depends_on_consent_does_not_end_a_suspension_for_what_is_left() -> None:
    play = special(ASSESSING)
    play.send("probation withdraw_consent", withdrawn_items=["C4"])
    # It names another agency, so it is no consent to its own access; but it would resume.
    named: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": ["center-27"]}
    assert play.send("center renew_consent", **named) == "suspended_consent"
    assert not play.may_open("center")


@pytest.mark.parametrize("named", ["center-99", "settlement_centre", "yamada_taro", "c4"])
@pytest.mark.parametrize("event", ["record_consent", "renew_consent"])
def test_a_consent_names_agencies_of_the_directory_and_kinds_of_agency_only(
    event: str, named: str
) -> None:
    play = special(ASSESSING)
    if event == "renew_consent":
        play.send("probation withdraw_consent")
    to = ["center-13", "settlement_center", named]
    body: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": to}
    with pytest.raises(Invalid) as refused:
        play.send(f"probation {event}", **body)
    assert refused.value.facts["errors"] == [
        {"pointer": "/body/recipients/2", "reason": "unknown_agency"}
    ]


def test_a_consent_that_the_party_that_vouches_recorded_needs_no_confirmation() -> None:
    play = special(ASSESSING)
    play.send("center withdraw_consent")
    assert play.send("probation renew_consent") == "assessing"
    assert "C4" in play.may_open("center")


@pytest.mark.parametrize("event", ["renew_consent", "record_consent"])
@pytest.mark.parametrize("flow", ["special_adjustment", "suspect_support"])
def test_what_another_party_records_during_a_suspension_waits_for_the_party_that_vouches(
    flow: str, event: str
) -> None:
    play = special(ASSESSING) if flow == SPECIAL else suspect()
    other = "prison" if flow == SPECIAL else "prosecutor"
    state = play.state()
    play.send("probation withdraw_consent")
    consent: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": ["center-13"]}
    assert play.send(f"{other}~ {event}", **consent) == "suspended_consent"
    assert not play.may_open("center")
    assert play.send("probation confirm_consent", consent_id=consent["consent_id"]) == state
    assert "C3" in play.may_open("center")


STACKS: list[tuple[str, ...]] = [(), ("die",), ("decline",), ("decline", "die")]


@pytest.mark.parametrize("stack", STACKS, ids="+".join)
def test_what_another_party_records_in_a_suspension_under_other_stops_waits_all_the_same(
    stack: tuple[str, ...],
) -> None:
    play, child = regional()
    play.send("probation withdraw_consent")
    for stop in stack:
        play.send(f"center {stop}")
    consent: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": ["center-27"]}
    play.send("prison~ record_consent", **consent)
    assert play.case.consents[-1].claimed
    for stop in reversed(stack):
        play.send(f"center retract_{'death' if stop == 'die' else stop}")
    play.send("probation renew_consent", item_classes=["C1"], recipients=["center-13"])
    assert "C4" not in play.may_open("center27", child)


@pytest.mark.parametrize("back", [b for n in range(3) for b in permutations(SIDE, n)])
@pytest.mark.parametrize("state", SIDE)
def test_a_side_state_holds_under_every_other(state: str, back: tuple[str, ...]) -> None:
    referral = Referral(uuid4(), SPECIAL, state, back=("assessing", *back))
    child = Referral(uuid4(), "regional_coordination", "requested", parent=referral.id)
    case = Case(uuid4()).with_referral(referral).with_referral(child)
    there = {state, *back}
    assert referral.suspended is ("suspended_consent" in there)
    assert referral.holds_children is bool({"decline_pending", "death_reported"} & there)
    assert case.suspended(child) is case.suspended(referral) is referral.suspended


@pytest.mark.parametrize("ending", ["close", "probation confirm_withdrawal", "confirm_death"])
def test_a_referral_that_ends_while_consent_is_suspended_opens_nothing(ending: str) -> None:
    play = special(ASSESSING)
    play.send("probation withdraw_consent", withdrawn_items=["C4"])
    if ending == "confirm_death":
        play.run("center die\nprobation confirm_death")
    else:
        play.send(ending if " " in ending else f"center {ending}")
    assert play.state() == CLOSED
    assert not play.may_open("center")


@pytest.mark.parametrize("stop", ["decline", "die"])
def test_another_stop_above_does_not_resume_what_consent_has_suspended_below(stop: str) -> None:
    play, child = regional()
    play.send("probation withdraw_consent", withdrawn_items=["C4"])
    play.send(f"center {stop}")
    assert not play.may_open("center27", child)
    play.send(f"center retract_{'death' if stop == 'die' else stop}")
    assert play.state(child) == "suspended_consent"
    assert play.send("probation renew_consent") == "regional_pending"
    assert play.state(child) == "requested"


def test_a_claim_in_a_child_is_reported_to_the_parents_office_and_to_nobody_else() -> None:
    play, child = regional()
    play.send("center27 record_consent", child, **of_its_own("center27"))
    told = play.decided.moves[1]
    assert told.body.type == "special_adjustment.consent_claimed"
    assert [copy.agency_id for copy in told.copies] == ["probation-13"]
    assert told.referral.id == play.main


def test_a_withdrawal_below_reaches_above_only_what_it_names() -> None:
    play, child = regional()
    play.send("center27 withdraw_consent", child)
    assert play.state(child) == "suspended_consent"
    assert play.state() == "regional_pending"
    assert play.may_open("center")
    named: dict[str, Any] = {"consent_ids": [samples.CONSENT_REGIONAL_ID]}
    play.send("center withdraw_consent", child, **named)
    assert play.state() == "suspended_consent"


def test_a_withdrawal_recorded_in_error_is_retracted_and_earlier_ones_stay() -> None:
    play = special(ASSESSING)
    before = play.may_open("center")
    play.send("probation withdraw_consent", withdrawn_items=["C4"])
    play.send("prison withdraw_consent")
    play.send("probation retract_withdrawal")
    assert play.may_open("center") == before - {"C4"}
    with pytest.raises(NotYourStep):
        play.send("center withdraw_consent") and play.send("center retract_withdrawal")


ITEMS = (*(f"C{n}" for n in range(1, 9)), *SHORT.values(), "settlement_center", "bar_association")


@pytest.mark.parametrize(
    ("place", "who"), [("special", "prison"), ("suspect", "prosecutor"), ("defence", "probation")]
)
def test_items_to_withdraw_are_compared_with_consents_that_their_sender_knows(
    place: str, who: str
) -> None:
    """Another answer would tell whom the others name, such as the person's lawyer."""
    play = {"special": lambda: special(ASSESSING), "suspect": suspect}.get(place, defence)()
    hidden = play.case.consents
    answers: list[list[str]] = []
    for consents in ((), hidden[:1], hidden):
        play.case = replace(play.case, consents=tuple(replace(c, known=False) for c in consents))
        before, said = play.case, []
        for item in ITEMS:
            with pytest.raises(Invalid) as refused:
                play.send(f"{who} withdraw_consent", withdrawn_items=[item])
            said.append(str(refused.value.facts["errors"]))
        answers.append(said)
        assert play.case is before
    assert answers[0] == answers[1] == answers[2]
    # What is known is withdrawn in part, and what is unknown with it.
    known = replace(hidden[0], known=True)
    play.case = replace(play.case, consents=(known, *(replace(c, known=False) for c in hidden[1:])))
    play.send(f"{who} withdraw_consent", withdrawn_items=[min(known.record.classes)])
    assert play.decided.withdrawn == {c.record.id for c in hidden}


# Paper.


def on_paper() -> Play:
    """A special adjustment in which the institution is not connected, up to its acceptance."""
    to = {"institution": "prison-paper"}
    play = Play("special_adjustment", "probation notify_candidate", to=to, paper_origin=PAPER)
    play.run(ASSESSING)
    return play


def test_paper_in_the_name_of_another_does_not_end_the_suspension_of_whoever_keys_it_in() -> None:
    play = on_paper()
    play.send("probation withdraw_consent")
    for event in ("renew_consent", "record_consent"):
        claimed = of_its_own("center")
        play.send(f"center {event}", envelope={"paper_origin": PAPER}, **claimed)
        assert play.state() == "suspended_consent"
        assert play.case.consents[-1].claimed
    play.send("probation renew_consent", consent_id=str(uuid4()), recipients=["center-27"])
    assert not play.may_open("center")


BY_A_LAWYER_ON_PAPER = {"to": {"counsel": "bar-paper", "center": "center-13"}}


def test_a_center_opens_a_case_of_its_own_with_the_inquiry_of_a_lawyer_on_paper() -> None:
    play = Play("defence_support", "center inquire", **BY_A_LAWYER_ON_PAPER, paper_origin=PAPER)
    assert play.may_open("center")


def test_a_center_keys_in_no_inquiry_without_a_scan_of_it() -> None:
    unscanned = replace(PAPER, scan_sha256=None)
    with pytest.raises(Invalid) as refused:
        Play("defence_support", "center inquire", **BY_A_LAWYER_ON_PAPER, paper_origin=unscanned)
    place = "/paper_origin/scan_sha256"
    assert refused.value.facts["errors"] == [{"pointer": place, "reason": "required"}]


@pytest.mark.parametrize("event", ["renew_consent", "confirm_consent"])
def test_later_paper_of_a_lawyer_opens_nothing_again_to_the_center_that_keys_it_in(
    event: str,
) -> None:
    play = Play("defence_support", "center inquire", **BY_A_LAWYER_ON_PAPER, paper_origin=PAPER)
    play.send("center withdraw_consent")
    shut = play.may_open("center")
    consent = of_its_own("center") if event != "confirm_consent" else {}
    with pytest.raises(Refusal):
        play.send(f"center {event}", envelope={"paper_origin": PAPER}, **consent)
    assert play.may_open("center") == shut


def test_a_consent_on_later_paper_of_a_lawyer_is_a_claim_of_the_center_that_keys_it_in() -> None:
    play = Play("defence_support", "center inquire", **BY_A_LAWYER_ON_PAPER, paper_origin=PAPER)
    play.send("center withdraw_consent")
    shut = play.may_open("center")
    envelope = {"paper_origin": PAPER}
    state = play.send("center record_consent", envelope=envelope, **of_its_own("center"))
    assert state == "suspended_consent"
    assert play.case.consents[-1].claimed
    assert play.may_open("center") == shut
    copies = {c.agency_id: c.classes for c in play.decided.moves[0].copies}
    assert copies[SHORT["center"]] == ROUTING


@pytest.mark.parametrize("recipient", ["center-13", "probation_office", "center-27"])
def test_paper_of_a_lawyer_ends_no_suspension_of_the_center_that_keys_it_in(recipient: str) -> None:
    play = Play("defence_support", "center inquire", **BY_A_LAWYER_ON_PAPER, paper_origin=PAPER)
    play.send("center withdraw_consent")
    consent = {**of_its_own("center"), "recipients": [recipient]}
    with pytest.raises(Invalid) as refused:
        play.send("center renew_consent", envelope={"paper_origin": PAPER}, **consent)
    own = {"pointer": "/paper_origin", "reason": "own_access"}
    assert refused.value.facts["errors"] == [own]
    assert play.state() == "suspended_consent"


def test_paper_of_a_lawyer_confirms_nothing_for_the_center_that_keys_it_in() -> None:
    play = Play("defence_support", "center inquire", **BY_A_LAWYER_ON_PAPER, paper_origin=PAPER)
    with pytest.raises(Invalid) as refused:
        play.send("center confirm_consent", envelope={"paper_origin": PAPER})
    own = {"pointer": "/paper_origin", "reason": "own_access"}
    assert refused.value.facts["errors"] == [own]


@pytest.mark.parametrize("event", ["die", "decline", "withdraw_consent"])
def test_paper_keeps_the_seat_of_its_row_and_needs_a_scan(event: str) -> None:
    play, who = on_paper(), "probation"
    with pytest.raises(NotYourStep):
        play.send(f"{who}~ {event}", envelope={"paper_origin": PAPER})
    unseen = replace(PAPER, scan_sha256=None)
    with pytest.raises(Invalid) as refused:
        play.send(f"{who} {event}", envelope={"paper_origin": unseen})
    pointed = {"pointer": "/paper_origin/scan_sha256", "reason": "required"}
    assert refused.value.facts["errors"] == [pointed]
    play.send(f"{who} {event}", envelope={"paper_origin": PAPER})


# Whatever a party sends, it does not widen what it can open.

OWN = st.sampled_from(["itself", "its kind", "another", "the first center", "the example's"])
HOW = st.sampled_from(["as itself", "as itself", "on paper", "as a correction", "sharing"])
WITHDRAWN = st.sampled_from([None, "C4", "C1"])


A_CHILD = "regional_coordination.request"


def events_of(flow: str) -> list[str]:
    """Every event that some party can send in a flow, after it was opened."""
    steps = FLOWS[flow].steps
    return sorted({s.type for s in steps if s.by != ("sys",) and s.state != NEW})


def opened(shut: Shut) -> set[tuple[UUID, str]]:
    """What the party can open now of the messages of others: by message and class."""
    agency, case = SHORT[shut.who], shut.play.case
    found: set[tuple[UUID, str]] = set()
    for message in shut.play.messages.values():
        reader = message.reader(agency)
        if reader is None or shut.play.typed_by.get(message.id, agency) == agency:
            continue
        part = case.referrals[reader.referral_id].party_of(agency)
        role = FLOWS[case.referrals[reader.referral_id].flow].parties[part.name]
        classes = message.classes & reader.classes & role.classes - ROUTING
        if role.by_consent:
            classes &= shut.play.may_open(shut.who, reader.referral_id)
        found |= {(message.id, each) for each in classes if part.active}
    return found


def granted_classes(shut: Shut) -> set[tuple[str, str]]:
    """What consent lets the party be told now, by flow of the referral and class."""
    agency = SHORT[shut.who]
    found: set[tuple[str, str]] = set()
    for referral in shut.play.case.referrals.values():
        roles = FLOWS[referral.flow].parties
        parts = [p for p in referral.parties if p.agency_id == agency and p.active]
        for part in parts:
            if roles[part.name].by_consent:
                classes = shut.play.may_open(shut.who, referral.id)
                found |= {(referral.flow, each) for each in classes}
    return found


def sent(shut: Shut, message_type: str, consent_to: str, how: str) -> None:
    """Send this message from the party, to whichever referral is of its flow."""
    flow, event = message_type.split(".")
    envelope = envelope_of(shut, message_type, how)
    if message_type == A_CHILD:
        to = {"destination_center": SHORT["center27"]}
        shut.play.open(flow, f"{shut.who} request", parent=shut.play.main, to=to, **envelope)
        return
    for referral in [r for r in shut.play.case.referrals.values() if r.flow == flow]:
        changes = said(shut, message_type, consent_to)
        shut.play.send(f"{shut.who} {event}", referral.id, envelope=envelope, **changes)


def said(shut: Shut, message_type: str, consent_to: str) -> dict[str, Any]:
    """What the body says beside its example."""
    event = message_type.partition(".")[2]
    if "recipients" in BODIES[message_type].model_fields and consent_to != "the example's":
        kind = "probation_office" if shut.who == "probation" else "settlement_center"
        others = {"another": "center-27", "the first center": "center-13"}
        to = {"itself": SHORT[shut.who], "its kind": kind, **others}[consent_to]
        return {"consent_id": str(uuid4()), "recipients": [to]}
    if event in {"confirm_consent", "refuse_consent"} and shut.play.case.consents:
        return {"consent_id": str(shut.play.case.consents[-1].record.id)}
    return {"close_reason": "entered_in_error"} if event == "close" else {}


def envelope_of(shut: Shut, message_type: str, how: str) -> dict[str, Any]:
    """The envelope of a message that is sent in this way."""
    mine = [m for m in shut.play.messages.values() if m.reader(SHORT[shut.who])]
    if how == "as a correction":
        same = [m.id for m in mine if m.type == message_type and m.from_agency == SHORT[shut.who]]
        return {"corrects": same[-1] if same else shut.play.main}
    if how == "sharing":
        return {"shared_messages": tuple(m.id for m in mine)}
    return {"paper_origin": PAPER} if how == "on paper" else {}


def after_withdrawal(place: str, item: str | None) -> Shut:
    """A party just after a withdrawal of all, or of one class."""
    items: dict[str, Any] = {"withdrawn_items": [item]} if item else {}
    if place == "child":
        play, child = regional()
        play.send("probation withdraw_consent", **items)
        return Shut(play, child, "center27", "probation")
    play = {"special": on_paper, "suspect": suspect}.get(place, defence)()
    who = "probation" if place == "probation in defence" else "center"
    play.send(f"{'bar' if 'defence' in place else 'probation'} withdraw_consent", **items)
    return Shut(play, play.main, who, "")


def possible(shut: Shut, place: int, *, wild: bool) -> str | None:
    """One of the messages that the party may send now; or any at all."""
    agency = SHORT[shut.who]
    found: list[str] = []
    for referral in shut.play.case.referrals.values():
        flow = FLOWS[referral.flow]
        if wild:
            found += events_of(flow.name)
            continue
        for part in (p for p in referral.parties if p.agency_id == agency and p.active):
            leads = shut.play.case.lead == agency
            found += [s.type for s in flow.moves(referral.state, part.name, leads=leads)]
    found += [A_CHILD] if shut.play.case.referrals[shut.play.main].flow == SPECIAL else []
    return found[place % len(found)] if found else None


MESSAGE = st.tuples(st.integers(0, 9999), OWN, HOW, st.sampled_from([False, False, False, True]))


SENDERS: dict[str, tuple[str, ...]] = {
    "special": ("center", "prison"),
    "suspect": ("center", "prosecutor"),
    "defence": ("center", "probation"),
    "probation in defence": ("probation", "center"),
    "child": ("center27", "center", "prison"),
}
"""By place: the parties that do not vouch, the one that was shut out first."""
RECEIVING = {"center": "center", "center27": "center", "probation": "office"}
"""Those that receive by consent in some flow, by what they are."""
A_RECORD = st.tuples(st.none(), OWN, st.sampled_from(["as itself", "on paper"]), st.just(False))
BY_ANYBODY = st.tuples(st.sampled_from([0, 0, 1, 1, 2]), MESSAGE | A_RECORD)


def opened_by_kind(shut: Shut) -> set[tuple[str, str, str]]:
    """What consent lets any agency be told now, by its kind, the flow and the class."""
    each = ((RECEIVING[who], granted_classes(replace(shut, who=who))) for who in RECEIVING)
    return {(kind, *grant) for kind, granted in each for grant in granted}


@pytest.mark.parametrize("place", PLACES)
@given(
    item=WITHDRAWN, renewed=st.booleans(), messages=st.lists(BY_ANYBODY, min_size=1, max_size=12)
)
@settings(max_examples=60, deadline=None)
def test_after_a_withdrawal_nothing_that_others_than_who_vouches_send_lets_anybody_open_more(
    place: str,
    item: str | None,
    messages: list[tuple[int, tuple[int | None, str, str, bool]]],
    *,
    renewed: bool,
) -> None:
    shut = after_withdrawal(place, item)
    if renewed:
        # Whoever vouches resumes it, with less.
        narrow: dict[str, Any] = {"consent_id": str(uuid4()), "item_classes": ["C2", "C3", "C6"]}
        who = "bar" if "defence" in place else "probation"
        shut.play.send(f"{who} renew_consent", **narrow)
    told, of_each_kind = granted_classes(shut), opened_by_kind(shut)
    before, limit = set(shut.play.messages), opened(shut)
    for sender, (number, consent_to, how, wild) in messages:
        sending = replace(shut, who=SENDERS[place][sender % len(SENDERS[place])])
        message_type = f"{shut.play.case.referrals[shut.referral].flow}.record_consent"
        if number is not None:
            message_type = possible(sending, number, wild=wild) or message_type
        try:
            sent(sending, message_type, consent_to, how)
        except Refusal:
            continue
        assert {each for each in opened(shut) if each[0] in before} <= limit, message_type
        assert granted_classes(shut) <= told, message_type
        # Nor is it given to the next center instead.
        assert opened_by_kind(shut) <= of_each_kind, message_type


# With children: what the person's words leave, and what the parent's office vouched for since.

FIRST, ABOVE = samples.CONSENT_ID, samples.CONSENT_REGIONAL_ID
CENTER_KIND = "settlement_center"
EVERY_CLASS = ("C1", "C2", "C3", "C4", "C5", "C6", "C7")
GIVEN = st.tuples(
    st.sampled_from(["center-27", CENTER_KIND, "prison-fuchu"]),
    st.sampled_from([EVERY_CLASS, ("C1", "C4"), ("C2",)]),
    st.sampled_from(["regional", "special_adjustment"]),
)
NAMED = st.sampled_from([(), (), (FIRST,), (ABOVE,), (FIRST, ABOVE), ("below",)])
WITHDRAWING = st.tuples(
    st.just("withdraws"),
    st.sampled_from([("probation", "above"), ("center", "above")])
    | st.sampled_from([("center", "below"), ("center27", "below")]),
    NAMED,
    st.sampled_from([(), (), (), ("C4",), ("center-27",), (CENTER_KIND,)]),
)
VOUCHING = st.one_of(
    st.tuples(st.just("renews"), st.sampled_from(["center-13", "center-27"]), GIVEN),
    st.tuples(st.just("retracts"), st.sampled_from([(FIRST,), (ABOVE,), (FIRST, ABOVE)])),
    st.tuples(st.just("confirms")),
)
RECORDING = st.tuples(
    st.just("records"),
    st.sampled_from(["center", "center27"]),
    st.sampled_from(["record_consent", "renew_consent"]),
    st.booleans(),
    st.sampled_from(["center-27", CENTER_KIND, "center-13", "prison-fuchu"]),
    st.sampled_from([EVERY_CLASS, ("C2",)]),
    st.booleans(),
)
LATER = st.one_of(RECORDING, VOUCHING, RECORDING, VOUCHING, WITHDRAWING, MESSAGE)


@dataclass
class Words:
    """A consent as the person gave it, and what the person took back of it, the last thing last."""

    below: bool
    recipients: frozenset[str]
    classes: frozenset[str]
    taken: list[tuple[int, frozenset[str]]] = field(default_factory=list)
    """The number of each withdrawal, and the items that it took; empty for the whole."""

    @property
    def items(self) -> frozenset[str]:
        """The items that were taken of it."""
        return frozenset[str]().union(*(items for _, items in self.taken))

    @property
    def gone(self) -> bool:
        """Whether nothing of it is left. Then another withdrawal takes nothing."""
        whole = any(not items for _, items in self.taken)
        return whole or not self.classes - self.items or not self.recipients - self.items

    def lets(self, agency: str) -> frozenset[str]:
        """What is left of it for a center."""
        if self.gone or {agency, CENTER_KIND} & self.items:
            return frozenset()
        return self.classes - self.items if {agency, CENTER_KIND} & self.recipients else frozenset()

    def gives_same(self, other: "Words") -> bool:
        """Whether it gives some of the same as another one. A center and its kind are one."""
        both = (self.recipients, other.recipients)
        centers = all(any(r.startswith(("center", CENTER_KIND)) for r in of) for of in both)
        by_kind = centers and any(CENTER_KIND in of for of in both)
        same = by_kind or self.recipients & other.recipients
        return bool(same and self.classes & other.classes)


@dataclass
class Will:
    """What the person said, and the parent's office vouched for; the service is not asked."""

    play: Play
    child: UUID
    who: str
    consents: dict[str, Words] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    alone: bool = False
    """Whether the child was stopped by itself."""
    withdrawals: int = 0

    def note(self, consent: Consent) -> None:
        """A consent counts from now on."""
        record = consent.record
        classes = frozenset(map(str, record.classes - ROUTING))
        below = consent.referral_id == self.child
        self.consents[str(record.id)] = Words(below, frozenset(record.recipients), classes)

    def lets(self, agency: str, *, below: bool) -> frozenset[str]:
        """What a center may open in the child, or in the parent."""
        if ("below" if below else "above") in self.stopped:
            return frozenset()
        binding = (w for w in self.consents.values() if below or not w.below)
        return frozenset[str]().union(*(w.lets(agency) for w in binding))

    def withdraws(
        self, by: tuple[str, str], named: tuple[str, ...], items: tuple[str, ...]
    ) -> None:
        """Somebody sends that the person withdraws."""
        who, place = by
        ids = [i for i, w in self.consents.items() if (w.below if "below" in named else i in named)]
        if named and not ids:
            return
        said: dict[str, Any] = {"consent_ids": ids} if named else {}
        said |= {"withdrawn_items": list(items)} if items else {}
        self.play.send(f"{who} withdraw_consent", self.child if place == "below" else None, **said)
        if any(m.body.type.endswith("exit_claimed") for m in self.play.decided.moves):
            return
        self.withdrawals += 1
        fallen = [
            w for i, w in self.consents.items() if not w.gone and self._falls(i, w, ids, place)
        ]
        for words in fallen:
            words.taken.append((self.withdrawals, frozenset(items)))
        reaches = place == "above" or any(not self.consents[i].below for i in ids)
        self.stopped |= {"above", "below"} if reaches else {"below"}
        self.alone |= not reaches

    def _falls(self, consent_id: str, words: Words, ids: list[str], place: str) -> bool:
        if not ids:
            return words.below or place == "above"
        above = [w for i, w in self.consents.items() if i in ids and not w.below]
        return consent_id in ids or (words.below and any(w.gives_same(words) for w in above))

    def renews(self, to: str, how: tuple[str, tuple[str, ...], str]) -> None:
        """The office records a consent, narrower or not."""
        _, classes, purpose = how
        said = {"consent_id": str(uuid4()), "recipients": [to], "purpose": purpose}
        self.play.send("probation renew_consent", None, **said, item_classes=list(classes))
        self.note(self.play.case.consents[-1])
        self._goes_on(self.play.case.consents[-1])

    def records(
        self, who: str, event: str, below: bool, to: str, classes: tuple[str, ...], asks: bool
    ) -> None:
        """A center records a consent. It counts if another than who gains by it does, unstopped.

        The office may confirm it at once, if it is a claim.
        """
        stopped = ("below" if below else "above") in self.stopped
        said: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": [to]}
        said["item_classes"] = list(classes)
        self.play.send(f"{who} {event}", self.child if below else None, **said)
        if who != self.who and not stopped:
            self.note(self.play.case.consents[-1])
        if asks:
            self.confirms()

    def confirms(self) -> None:
        """The office confirms the last claim."""
        claims = [c for c in self.play.case.consents if c.claimed and c.withdrawn_on is None]
        for claim in claims[-1:]:
            self.play.send("probation confirm_consent", consent_id=str(claim.record.id))
            self.note(claim)
            self._goes_on(claim)

    def retracts(self, named: tuple[str, ...]) -> None:
        """The office establishes that a withdrawal was recorded in error."""
        self.play.send("probation retract_withdrawal", consent_ids=list(named))
        back = [self.consents[i] for i in named if self.consents[i].taken]
        numbers = {w.taken[-1][0] for w in back}
        for words in back:
            words.taken.pop()
        above = [w for w in self.consents.values() if not w.below]
        for words in (w for w in self.consents.values() if w.below and w.taken):
            number = words.taken[-1][0]
            stays = any(number in dict(w.taken) and w.gives_same(words) for w in above)
            if number in numbers and not stays:
                words.taken.pop()
        self._goes_on(None)

    def _goes_on(self, consent: Consent | None) -> None:
        """At most: the parent goes on, and the child with it if nothing else has stopped it."""
        lets_in = consent is not None and bool(
            {"center-27", CENTER_KIND} & set(consent.record.recipients)
        )
        if consent is None or consent.referral_id != self.child:
            self.stopped.discard("above")
        if "above" not in self.stopped and (lets_in or not self.alone):
            self.stopped.discard("below")
            self.alone = False


def with_consents_below(who: str, below: list[tuple[str, tuple[str, ...], str]]) -> Will:
    """A case with a child in which these consents were recorded."""
    play, child = regional()
    for to, classes, purpose in below:
        said = {"consent_id": str(uuid4()), "recipients": [to], "purpose": purpose}
        play.send("center record_consent", child, **said, item_classes=list(classes))
    will = Will(play, child, who)
    for consent in play.case.consents:
        will.note(consent)
    return will


def opens_no_more(will: Will, who: str) -> None:
    """A center opens by consent what the person's words leave, and nothing else."""
    for referral in will.play.case.referrals.values():
        roles = FLOWS[referral.flow].parties
        parts = [p for p in referral.parties if p.agency_id == SHORT[who] and p.active]
        if any(roles[part.name].by_consent for part in parts):
            below = referral.id != will.play.main
            assert will.play.may_open(who, referral.id) <= will.lets(SHORT[who], below=below)


@pytest.mark.parametrize("who", ["center27", "center"])
@given(
    below=st.lists(GIVEN, max_size=2),
    first=st.lists(WITHDRAWING, min_size=1, max_size=2),
    later=st.lists(LATER, min_size=1, max_size=6),
)
@settings(max_examples=150, deadline=None)
def test_with_children_a_center_opens_what_was_left_to_it_and_what_the_office_vouched_for_since(
    who: str,
    below: list[tuple[str, tuple[str, ...], str]],
    first: list[tuple[Any, ...]],
    later: list[tuple[Any, ...]],
) -> None:
    will = with_consents_below(who, below)
    shut = Shut(will.play, will.child, who, "probation")
    for step in (*first, *later):
        with suppress(Refusal):
            if isinstance(step[0], str):
                getattr(will, step[0])(*step[1:])
            elif (message_type := possible(shut, step[0], wild=step[3])) is not None:
                sent(shut, message_type, step[1], step[2])
        opens_no_more(will, who)


@pytest.mark.parametrize("exit_event", ["die", "decline"])
def test_another_side_state_over_a_suspension_makes_no_record_count(exit_event: str) -> None:
    play = special(ASSESSING)
    play.send("probation withdraw_consent")
    play.send(f"prison {exit_event}")
    play.send("prison~ record_consent", consent_id=str(uuid4()), recipients=[SHORT["center"]])
    assert play.decided.recorded is not None
    assert play.decided.recorded.claimed
    play.send(f"probation retract_{'death' if exit_event == 'die' else 'decline'}")
    again: dict[str, Any] = of_its_own("center") | {"item_classes": ["C1"]}
    play.send("probation renew_consent", **again)
    assert play.may_open("center") == {"C1"}


def test_what_is_recorded_in_a_child_while_the_parent_is_suspended_is_a_claim() -> None:
    play, child = regional()
    play.send("probation withdraw_consent")
    play.send("center~ record_consent", child, **of_its_own("center27"))
    assert play.decided.recorded is not None
    assert play.decided.recorded.claimed
    assert play.decided.moves[1].body.type == "special_adjustment.consent_claimed"


def test_a_withdrawal_that_names_nothing_takes_the_consents_of_the_children_too() -> None:
    play, child = regional()
    play.send("center record_consent", child, **of_its_own("center27"))
    assert play.may_open("center27", child)
    play.send("probation withdraw_consent")
    again: dict[str, Any] = of_its_own("center") | {"item_classes": ["C1"]}
    play.send("probation renew_consent", **again)
    assert play.may_open("center") == {"C1"}
    assert not play.may_open("center27", child)


# What a withdrawal took is given again by the party that vouches, or confirmed by it.


def regain(place: str) -> Shut:
    """A case after a withdrawal in part, and a renewal for less, by the party that vouches."""
    if place == "two centers":
        play, child = regional()
        play.send("probation withdraw_consent", withdrawn_items=["C4"])
        play.send("probation renew_consent", **of_its_own("center"), item_classes=["C1", "C2"])
        return Shut(play, child, "center27", "probation")
    if place == "from the parent":
        play, child = regional()
        above = tuple(
            replace(c, record=replace(c.record, recipients=("center-13",)))
            for c in play.case.consents
        )
        play.case = replace(play.case, consents=above)  # C4 is given in the child alone.
        play.send("center record_consent", child, **of_its_own("center27"))
        play.send("center27 withdraw_consent", child, withdrawn_items=["C4"])
        claim = of_its_own("center27")
        play.send("center record_consent", child, **claim, item_classes=["C1"])
        play.send("probation confirm_consent", consent_id=claim["consent_id"])
        return Shut(play, child, "center27", "probation")
    play = {"special": lambda: special(ASSESSING), "suspect": suspect}.get(place, defence)()
    voucher = "bar" if "defence" in place else "probation"
    taken: dict[str, Any] = {"withdrawn_items": ["C4"]} if place != "suspect" else {}
    play.send(f"{voucher} withdraw_consent", **taken)
    play.send(f"{voucher} renew_consent", consent_id=str(uuid4()), item_classes=["C1", "C2"])
    return Shut(play, play.main, "center", voucher)


@pytest.mark.parametrize("named", ["its id", "its kind"])
@pytest.mark.parametrize(
    ("place", "by"),
    [
        ("special", "prison~"),
        ("suspect", "prosecutor~"),
        ("defence", "probation~"),
        ("two centers", "center"),
        ("two centers", "prison~"),
        ("from the parent", "prison~"),
    ],
)
def test_what_a_withdrawal_took_is_given_again_only_by_whoever_vouches(
    place: str, by: str, named: str
) -> None:
    shut = regain(place)
    assert "C4" not in shut.play.may_open(shut.who, shut.referral)
    to = SHORT[shut.who] if named == "its id" else CENTER_KIND
    body: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": [to]}
    body["purpose"] = shut.play.case.consents[-1].record.purpose
    where = shut.referral if by == "center" else shut.play.main
    shut.play.send(f"{by} record_consent", where, **body, item_classes=["C1", "C4"])
    assert shut.play.case.consents[-1].claimed
    assert "C4" not in shut.play.may_open(shut.who, shut.referral)
    shut.play.send(f"{shut.voucher} confirm_consent", consent_id=body["consent_id"])
    assert "C4" in shut.play.may_open(shut.who, shut.referral)


@pytest.mark.parametrize("given", ["what is left", "again by whoever vouches", "a retraction"])
def test_what_no_withdrawal_takes_any_more_is_recorded_by_anybody(given: str) -> None:
    shut = regain("special")
    if given == "again by whoever vouches":
        shut.play.send("probation~ record_consent", **of_its_own("center"))
    elif given == "a retraction":
        shut.play.send("probation retract_withdrawal")
    classes = ["C2"] if given == "what is left" else ["C2", "C4"]
    shut.play.send("prison~ record_consent", **of_its_own("center"), item_classes=classes)
    assert not shut.play.case.consents[-1].claimed


@pytest.mark.parametrize(("days", "claimed"), [(0, False), (1, True)])
def test_what_is_given_again_from_a_later_day_is_not_given_by_others_before(
    days: int, claimed: bool
) -> None:
    shut = regain("special")
    begins = (NOW + timedelta(days=days)).date().isoformat()
    shut.play.send("probation record_consent", **of_its_own("center"), valid_from=begins)
    shut.play.send("prison~ record_consent", **of_its_own("center"))
    assert shut.play.case.consents[-1].claimed is claimed


@pytest.mark.parametrize("scan", [PAPER.scan_sha256, None])
@pytest.mark.parametrize("who", ["center", "center~"])
def test_paper_of_the_party_that_vouches_gives_again_what_a_decider_keys_in_with_a_scan(
    who: str, scan: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut = regain("defence")
    agencies = [replace(a, connected=a.id != SHORT["bar"]) for a in cases.DIRECTORY.agencies]
    monkeypatch.setattr(cases, "DIRECTORY", Directory.of(agencies))
    paper = {"paper_origin": replace(PAPER, scan_sha256=scan)}
    named: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": ["probation-13"]}
    shut.play.send(f"{who} record_consent", envelope=paper, **named)
    assert shut.play.case.consents[-1].claimed is (who == "center~" or scan is None)


@pytest.mark.parametrize("by", ["probation", "prison~"])
def test_the_center_uses_what_the_office_records_for_another_one(by: str) -> None:
    play = special(ASSESSING)
    said: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": ["center-27"]}
    play.send(f"{by} record_consent", **said, purpose="regional")
    copies = {copy.agency_id: copy.classes for copy in play.decided.moves[0].copies}
    assert copies["center-13"] == ROUTING
    named = {"consent_id": said["consent_id"]}
    to = {"destination_center": "center-27"}
    child = play.open("regional_coordination", "center request", named, parent=play.main, to=to)
    assert play.state(child) == "requested"
