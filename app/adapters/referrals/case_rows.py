"""Converts a case between the rows of the database and the values that rules work on."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.adapters.ids import reference_of
from app.domain.cases.case import (
    SUSPENDED,
    Case,
    Party,
    Reader,
    Reference,
    Referral,
    View,
    VisibleParty,
)
from app.domain.cases.stops import Stops
from app.domain.classes import DataClass
from app.domain.consents.consent import Consent, ConsentRecord
from app.domain.decisions.acceptance import Acceptance
from app.domain.decisions.decision import Decision
from app.domain.flows import FLOWS
from app.domain.keys.ports import WrappedKey

Row = Mapping[str, Any]


def read_case(row: Row) -> Case:
    """The case that `load_case` returns."""
    referrals = (_referral(r) for r in row["referrals"])
    references = (_reference(r) for r in row["references"])
    return Case(
        id=UUID(row["id"]),
        version=row["version"],
        lead=row["lead"],
        referrals={r.id: r for r in referrals},
        consents=tuple(_consent(c) for c in row["consents"]),
        references={r.id: r for r in references},
    )


def read_keys(row: Row) -> dict[UUID, dict[str, WrappedKey]]:
    """The stored keys of each referral of the case."""
    return {
        UUID(r["id"]): {c: WrappedKey(m, bytes.fromhex(w)) for c, (m, w) in r["keys"].items()}
        for r in row["referrals"]
    }


def case_rows(acceptance: Acceptance, expected: int | None) -> dict[str, Any]:
    """The case, and each referral that a message changed, with its parties.

    Args:
        expected: the version that the case must still have; None for a new case.
    """
    decision = acceptance.decision
    case = {
        "id": str(decision.case.id),
        "expected": expected,
        "lead": decision.case.lead,
        "agency_id": acceptance.caller.agency_id,
        "at": acceptance.at.isoformat(),
    }
    referrals = list(_moved_referrals(decision))
    return {
        "cases": [case],
        "referrals": [_referral_row(referral, decision) for referral in referrals],
        "parties": [row for referral in referrals for row in _party_rows(referral)],
    }


def read_view(row: Row) -> View:
    """A party's view, as its row holds it."""
    parties = tuple(
        VisibleParty(p["name"], p["agency_id"], _at(p["since"]), _at_or_none(p["until"]))
        for p in row["parties"]
    )
    return View(
        row["number"],
        row["state"],
        row["facts"],
        parties,
        row["lead"],
        tuple(row.get("back", ())),
        frozenset(row.get("used_up", ())),
    )


def write_view(view: View) -> dict[str, Any]:
    """A party's view, as its row is to hold it."""
    return {
        "number": view.number,
        "state": view.state,
        "facts": dict(view.facts),
        "parties": [
            {
                "name": p.name,
                "agency_id": p.agency_id,
                "since": p.since.isoformat(),
                "until": p.until.isoformat() if p.until else None,
            }
            for p in view.parties
        ],
        "lead": view.lead,
        "back": list(view.back),
        **({"used_up": sorted(view.used_up)} if view.used_up else {}),
    }


def _moved_referrals(decision: Decision) -> Iterator[Referral]:
    """Each referral that a move changed, once, in its last state; parents come first."""
    ids = {move.referral.id for move in decision.moves}
    yield from (r for r in decision.case.referrals.values() if r.id in ids)


def _referral_row(referral: Referral, decision: Decision) -> dict[str, Any]:
    is_erased = decision.erases and referral.id == decision.moves[0].referral.id
    return {
        "id": str(referral.id),
        "flow": referral.flow,
        "reference": reference_of(referral.id),
        "state": referral.state,
        "back": list(referral.back),
        "stops": {
            "senders": {state: dict(sent) for state, sent in referral.stops.senders.items()},
            "ended": {agency: dict(times) for agency, times in referral.stops.ended.items()},
            "closed_on": _written(referral.stops.closed_on),
            "suspended_here": referral.stops.suspended_here,
        },
        "facts": dict(referral.facts),
        "parent_id": str(referral.parent) if referral.parent else None,
        "erased_reason": "refused" if is_erased else None,
    }


def _party_rows(referral: Referral) -> Iterator[dict[str, Any]]:
    roles = FLOWS[referral.flow].parties
    for party in referral.parties:
        yield {
            "referral_id": str(referral.id),
            "agency_id": party.agency_id,
            "name": party.name,
            "classes": sorted(roles[party.name].classes),
            "by_consent": roles[party.name].by_consent,
            "since": party.since.isoformat(),
            "until": party.until.isoformat() if party.until else None,
            "flow": referral.flow,
            "view": write_view(party.view),
        }


def _referral(row: Row) -> Referral:
    parties = tuple(_party(p) for p in row["parties"])
    parent = UUID(row["parent"]) if row["parent"] else None
    return Referral(
        UUID(row["id"]),
        row["flow"],
        row["state"],
        parent,
        tuple(row["back"]),
        row["facts"],
        parties,
        frozenset(map(DataClass, row["erased"])),
        _stops(row["stops"]),
    )


def _stops(row: Row) -> Stops:
    # Before it was stored, whatever an agency had suspended counted as suspended by itself.
    senders, closed_on = row.get("senders", {}), _day_or_none(row.get("closed_on"))
    here = row.get("suspended_here", SUSPENDED in senders)
    return Stops(senders, row.get("ended", {}), closed_on, here)


def _party(row: Row) -> Party:
    since, until = _at(row["since"]), _at_or_none(row["until"])
    return Party(row["name"], row["agency_id"], since, until, read_view(row["view"]))


def _consent(row: Row) -> Consent:
    record = ConsentRecord(
        id=UUID(row["id"]),
        purpose=row["purpose"],
        recipients=tuple(row["recipients"]),
        classes=_classes(row["classes"]),
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_until=_day_or_none(row["valid_until"]),
    )
    return Consent(
        record,
        UUID(row["referral_id"]),
        _day_or_none(row["withdrawn_on"]),
        frozenset(row["withdrawn_items"]),
        row["recorded_by"],
        row["claimed"],
        _last_items(row),
        row["known"],
        UUID(row["withdrawn_by"]) if row["withdrawn_by"] else None,
    )


def _last_items(row: Row) -> frozenset[str]:
    """What the last withdrawal of a part took, and none before it."""
    taken = list(zip(row["withdrawn_items"], row["taken_by"], strict=False))
    last = row["withdrawn_by"]
    before = {item for item, by in taken if by != last}
    return frozenset(item for item, by in taken if by == last) - before


def _reference(row: Row) -> Reference:
    readers = tuple(
        Reader(
            r["agency_id"],
            r["party"],
            UUID(r["referral_id"]),
            _classes(r["classes"]),
            _classes(r["lacking"]),
        )
        for r in row["readers"]
    )
    return Reference(
        id=UUID(row["id"]),
        referral_id=UUID(row["referral_id"]),
        type=row["type"],
        from_agency=row["from_agency"],
        digest=row["digest"],
        classes=_classes(row["classes"]),
        readers=readers,
        recalled=row["recalled"],
        restated={fact: frozenset(agencies) for fact, agencies in row["restated"].items()},
    )


def _classes(names: Iterable[str]) -> frozenset[DataClass]:
    return frozenset(map(DataClass, names))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _at_or_none(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _written(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day_or_none(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
