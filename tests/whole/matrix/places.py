"""What a row of the matrix names in its path, query and body: one's own, another's, nothing."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from app.domain.calendar.clock import JAPAN
from tests.whole.matrix.conftest import ON_PAPER, OTHERS, US
from tests.whole.matrix.played import SAID_ON, URL, Played, envelope, hold

OWN = "own"
Named = Mapping[str, str]
"""What is named, by the name of the parameter."""


def today() -> str:
    """The day in Japan."""
    return datetime.now(JAPAN).date().isoformat()


def nothing() -> str:
    """The id of nothing."""
    return str(uuid4())


def _message(own: Played, their: Played) -> dict[str, Named]:
    def at(referral: str, message: str) -> Named:
        return {"referral_id": referral, "message_id": message}

    return {
        OWN: at(own.referral, own.request),
        "another's": at(their.referral, their.request),
        "another's in our referral": at(own.referral, their.request),
        "ours in another's referral": at(their.referral, own.request),
        "between others in our referral": at(own.referral, own.hidden),
        "not there": at(nothing(), nothing()),
        "not there in our referral": at(own.referral, nothing()),
    }


def _message_alone(ours: Played, theirs: Played) -> dict[str, Named]:
    return {
        OWN: {"message_id": ours.request},
        "another's": {"message_id": theirs.request},
        "between others in our referral": {"message_id": ours.hidden},
        "not there": {"message_id": nothing()},
    }


def _entry(ours: Played, theirs: Played) -> dict[str, Named]:
    return {
        OWN: {"entry_id": ours.entry},
        "another's": {"entry_id": theirs.entry},
        "between others in our referral": {"entry_id": ours.hidden_entry},
        "not there": {"entry_id": nothing()},
    }


def _message_sent(own: str) -> Callable[[Played, Played], dict[str, Named]]:
    def places(ours: Played, theirs: Played) -> dict[str, Named]:
        others = _message(ours, theirs)
        mine = {"referral_id": ours.referral, "message_id": getattr(ours, own)}
        another = {"referral_id": theirs.referral, "message_id": getattr(theirs, own)}
        return {**others, OWN: mine, "another's": another}

    return places


def _one(parameter: str, attribute: str) -> Callable[[Played, Played], dict[str, Named]]:
    def places(ours: Played, theirs: Played) -> dict[str, Named]:
        return {
            OWN: {parameter: getattr(ours, attribute)},
            "another's": {parameter: getattr(theirs, attribute)},
            "not there": {parameter: nothing()},
        }

    return places


def _pointing(attribute: str, hidden: bool = False) -> Callable[[Played, Played], dict[str, Named]]:
    """In our own referral, with something in the body that points to a message."""

    def places(ours: Played, theirs: Played) -> dict[str, Named]:
        pointed = {
            OWN: getattr(ours, attribute),
            "another's": getattr(theirs, attribute),
            "not there": nothing(),
            **({"between others in our referral": ours.hidden} if hidden else {}),
        }
        return {at: {"referral_id": ours.referral, "pointed": it} for at, it in pointed.items()}

    return places


def _of_our_webhook(ours: Played, theirs: Played) -> dict[str, Named]:
    return {
        OWN: {"webhook_id": ours.webhook, "notice_id": ours.notice},
        "another's": {"webhook_id": ours.webhook, "notice_id": theirs.notice},
        "not there": {"webhook_id": ours.webhook, "notice_id": nothing()},
    }


def _public(**named: tuple[str, str]) -> Callable[[Played, Played], dict[str, Named]]:
    def places(_ours: Played, _theirs: Played) -> dict[str, Named]:
        return {
            OWN: {name: known for name, (known, _) in named.items()},
            "not there": {name: unknown for name, (_, unknown) in named.items()},
        }

    return places


def _administration(parameter: str, off: str, theirs: str) -> Callable[[Played, Played], Any]:
    """Of ours one that is switched off already, so that nobody else in the matrix is stopped."""

    def places(_ours: Played, _theirs: Played) -> dict[str, Named]:
        return {
            OWN: {parameter: f"{US}.{off}"},
            "another's": {parameter: f"{OTHERS}.{theirs}"},
            "not there": {parameter: f"{US}.{'x' * len(theirs)}"},  # as long: a path is repeated
        }

    return places


PLACES: Mapping[str, Callable[[Played, Played], dict[str, Named]]] = {
    "-": lambda _ours, _theirs: {OWN: {}},
    "referral": _one("referral_id", "referral"),
    "case": _one("case_id", "case"),
    "parent": _one("parent", "referral"),
    "reply": _pointing("request", hidden=True),
    "corrected": _pointing("interview", hidden=True),
    "consent": _pointing("consent"),
    "message": _message,
    "message_alone": _message_alone,
    "printed": _message_sent("accepted"),
    "recalled": _message_sent("taken_back"),
    "asked_back": _one("request_id", "asked_back"),
    "asked_to_give": _one("request_id", "asked_to_give"),
    "asked_to_erase": _one("request_id", "asked_to_erase"),
    "erasure_request": _one("request_id", "erasure_request"),
    "disclosure": _one("disclosure_id", "disclosure"),
    "entry": _entry,
    "webhook": _one("webhook_id", "webhook"),
    "notice": _of_our_webhook,
    "own_seat": _administration("seat_id", "viewer-off-seat", "decider"),
    "own_client": _administration("client_id", "viewer-off-client-system", "decider-system"),
    "act": _one("act_id", "act"),
    "refused_act": _one("act_id", "refused_act"),
    "withdrawn_act": _one("act_id", "withdrawn_act"),
    "spare_webhook": _one("webhook_id", "webhook"),
    "agency": _public(agency_id=(OTHERS, "center-99")),
    "flow": _public(flow=("special_adjustment", "sightseeing")),
    "schema": _public(flow=("special_adjustment", "sightseeing"), event=("accept", "depart")),
    "problem": _public(code=("not_found", "found")),
}
"""By kind of object, with the name of the place; the first one's answer is the row's `own`."""


def _interview(**pointing: Any) -> Any:
    return envelope("special_adjustment.interview", **pointing)


BODIES: Mapping[str, Callable[[Named], Any]] = {
    "open_referral": lambda _: envelope(
        "defence_support.inquire",
        to={"counsel": ON_PAPER, "center": US},
        paper_origin={"medium": "paper", "received_on": SAID_ON, "scan_sha256": "5" * 64},
    ),
    "open_referral/parent": lambda named: envelope(
        "regional_coordination.request",
        to={"destination_center": "center-14"},
        parent=named["parent"],
    ),
    "send_message": lambda _: _interview(),
    "send_message/in_reply_to": lambda named: _interview(in_reply_to=named["pointed"]),
    "send_message/corrects": lambda named: _interview(corrects=named["pointed"]),
    "send_message/consents": lambda named: _interview(consent_ids=[named["pointed"]]),
    "read_messages": lambda named: {"ids": [named["message_id"]]},
    "mark_printed": lambda _: {},
    "recall_message": lambda _: {"reason": "wrong_person"},
    "answer_return_request": lambda _: {"answer": "destroyed", "on": today()},
    "answer_recall_request": lambda _: {"answer": "refused", "reason": "acted_upon"},
    "answer_erasure_request": lambda _: {"answer": "objected"},
    "acknowledge": lambda _: {"through": 1},
    "propose_act": lambda named: hold(named["referral_id"]),
    "add_webhook": lambda _: {"url": URL},
    "change_webhook": lambda _: {"urgencies": ["urgent"]},
    "replay_webhook": lambda _: {"since": f"{SAID_ON}T00:00:00+09:00"},
    "replay_webhook/notice": lambda named: {"notice_id": named["notice_id"]},
}
"""By row: a body that would be taken, were the caller allowed."""

QUERIES: Mapping[str, Callable[[Named], Mapping[str, str]]] = {
    "list_leaves": lambda _: {"start": "0", "end": "10"},
    "prove_inclusion": lambda _: {"index": "0", "size": "10"},
    "prove_consistency": lambda _: {"from": "5", "to": "10"},
    "open_referral/parent": lambda _: {"dry_run": "true"},
    "find_routes": lambda _: {"flow": "special_adjustment", "area": "13"},
    "list_webhook_attempts/notice": lambda named: {"notice_id": named["notice_id"]},
}
"""By row: the query, where it has one."""
